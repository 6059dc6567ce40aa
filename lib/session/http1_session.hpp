#pragma once

#include "net/byte_stream.hpp"
#include "session/answer_batch.hpp"
#include "session/environment.hpp"
#include "session/http1_reader.hpp"
#include "session/stream_view.hpp"
#include "session/suspended_request.hpp"
#include "session/watch.hpp"

#include <memory>
#include <string>

namespace fairlead::session {

class pending_output;

/// What a connection has to do next.
enum class step {
    read,     ///< wait for the client's bytes
    answer,   ///< there are bytes that were not looked at
    yield,    ///< the same, but other connections have a turn first
    flush,    ///< bytes or a file wait to be sent
    suspend,  ///< the request that comes first may wait
    linger,   ///< close, but let the client read the answer first
    leave,    ///< close now
};

/// One keep-alive HTTP/1.1 connection (RFC 9112), without I/O of its own: everything goes through a
/// `byte_stream`.
///
///   1. read what is there            serve_ready()   a plain function on this thread's buffers,
///   2. answer every complete request                 so that an idle connection owns none
///   3. write all answers at once
///   4. what may wait (a body, a cold file, the disk) is served by serve_suspended(), from memory of its own
///   5. what the client did not take yet is sent by flush()
///   6. an answer that opens a tunnel is the last one (tunnel_exchange.hpp)
class http1_session {
public:
    using step = session::step;

    http1_session(net::byte_stream& stream, const environment& shared, watch& deadline,
                  const http::peer_info& peer);
    ~http1_session();

    /// Steps 1 to 3 without waiting; what `run` begins with. May be called before the connection has a
    /// coroutine: a connection with a single small request never gets one.
    step serve_ready();

    /// Goes on from `next` until the connection is to be closed. What it returns says how: linger or leave.
    task<step> run(step next);

private:
    struct scratch;

    step answer_carried();
    step answer_input(scratch& mine, std::span<char> input, bool is_new_head);
    step answer_one(scratch& mine, std::span<char> head);
    step refuse(answer_batch& batch, const http::problem& refusal, const http::request* request);
    step enqueue(answer_batch& batch, const http::request& request, http::response&& answer, bool wants_keep,
                 std::uint64_t bytes_received);
    step send_batch(answer_batch& batch, step after, bool close_follows = false);
    step end_of_input(scratch& mine);
    void keep_rest(std::span<char> rest, bool is_new_head);
    void await_request();
    void identify(http::request& request, id_text& id) const;
    bool may_keep(bool wanted) const noexcept;
    std::size_t max_head_size() const noexcept;

    task<step> serve_suspended();
    void attach_body(suspended_request& work);
    step finish_suspended(suspended_request& work, http::response&& answer, bool keep);
    task<step> flush();

    net::byte_stream& stream_;
    const stream_view view_{stream_, carry_};
    const environment& shared_;
    watch& deadline_;
    const http::peer_info& peer_;
    head_scanner scanner_;
    std::string
        carry_;  // bytes received and not consumed: part of a head, or requests behind one that is not done
    watch::clock::time_point head_deadline_{};
    watch::clock::time_point
        now_{};  // of the latest read or wake-up: one look at the clock for all its requests
    std::unique_ptr<pending_output> pending_;
    std::unique_ptr<suspended_request> suspended_;
    step after_flush_ = step::read;
    unsigned served_ = 0;
    std::uint64_t sent_in_turn_ = 0;  // bytes of content since other connections had a turn
};

}  // namespace fairlead::session
