#pragma once

#include "net/byte_stream.hpp"
#include "session/environment.hpp"
#include "session/http1_reader.hpp"
#include "session/http1_session.hpp"
#include "session/watch.hpp"

#include <string>

namespace fairlead::session {

/// A connection above a limit. It may show within 250 ms that it asks for a health check, which is answered;
/// everything else gets one 503, or 429, with Retry-After. Either way it ends.
class shed_session {
public:
    /// Which one: that of the server (503), or that of one address (429).
    enum class limit { all_connections, those_of_address };

    /// `wait_for_head`: false sheds at once, when even the spare places are nearly taken.
    shed_session(net::byte_stream& stream, const environment& shared, watch& deadline,
                 const http::peer_info& peer, limit reached, bool wait_for_head);

    /// Reads what is there, without waiting: read (the head is not complete yet), linger or leave.
    step serve_ready();
    /// Goes on until the connection is to be closed: linger or leave.
    task<step> run(step next);

private:
    step answer(const http::request* request);
    http::problem refusal() const;
    void count(bool is_request) const;

    net::byte_stream& stream_;
    const environment& shared_;
    watch& deadline_;
    const http::peer_info& peer_;
    head_scanner scanner_;
    std::string input_;
    limit reached_;
    bool wait_for_head_;
};

}  // namespace fairlead::session
