#pragma once

#include "limits/address_limit.hpp"
#include "limits/connection_limit.hpp"
#include "net/plain_stream.hpp"
#include "session/environment.hpp"
#include "session/http1_session.hpp"
#include "session/shed_session.hpp"
#include "session/watch.hpp"

#include <array>
#include <memory>
#include <optional>

namespace fairlead::session {

/// One accepted socket from its place in the connection counter to its farewell.
class connection {
public:
    /// Takes over an accepted socket. A hard refusal closes it unread; what is there already is
    /// answered before this returns; only a connection that has to wait becomes a coroutine.
    static void start(boost::asio::io_context& context, net::accepted_socket&& socket,
                      const environment& shared);

    connection(boost::asio::io_context& context, net::accepted_socket&& socket,
               limits::connection_limit::slot slot, limits::address_limit::place place,
               const environment& shared);

private:
    static task<> run(std::unique_ptr<connection> self, step next);
    task<> linger();
    bool discard_input();

    const environment& shared_;
    limits::connection_limit::slot slot_;
    limits::address_limit::place place_;
    net::plain_stream stream_;
    watch deadline_;  // after the stream: leaves the sweeper's list before the descriptor is closed
    std::array<char, ip_address::max_text> peer_text_;
    http::peer_info peer_;
    std::optional<http1_session> session_;
    std::unique_ptr<shed_session> shed_;
    std::size_t lingered_ = 0;  // bytes
};

}  // namespace fairlead::session
