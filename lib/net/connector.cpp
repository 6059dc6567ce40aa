#include "net/connector.hpp"

#include "net/pacing.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/this_coro.hpp>

namespace fairlead::net {

task<result<std::unique_ptr<plain_stream>>> connect(socket_address where, patience how_long) {
    const auto here = co_await boost::asio::this_coro::executor;
    unique_fd socket(::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) co_return last_error();
    const int at_once = 1;
    if (where.family() != AF_UNIX)
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    if (is_loopback(*where.data())) stop_pacing(socket.get());
    const bool stands = ::connect(socket.get(), where.data(), where.size()) == 0;
    // An interrupted connect goes on by itself, as one in progress does (connect(2)).
    if (!stands && errno != EINPROGRESS && errno != EINTR) co_return last_error();
    auto stream = std::make_unique<plain_stream>(here.context(), std::move(socket));
    if (stands) co_return std::move(stream);
    error_code failed;
    {
        deadline limit(how_long.deadlines, *stream, how_long.client);
        limit.set(how_long.until);
        failed = co_await stream->finish_connecting();
        if (const auto passed = limit.error()) failed = passed;
    }
    if (failed) co_return failed;
    co_return std::move(stream);
}

connect_failure failure_of(const error_code& error) noexcept {
    if (error == errc::timeout) return connect_failure::timeout;
    switch (error.value()) {
        case ETIMEDOUT: return connect_failure::timeout;
        case ECONNREFUSED:
        case ECONNRESET:
        case ENOENT: return connect_failure::refused;
        case EAGAIN: return connect_failure::busy;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case EADDRNOTAVAIL: return connect_failure::shortage;
        default: return connect_failure::unreachable;
    }
}

}  // namespace fairlead::net
