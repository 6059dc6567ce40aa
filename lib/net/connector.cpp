#include "net/connector.hpp"

#include "net/pacing.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <mutex>

namespace fairlead::net {
namespace {

using clock = std::chrono::steady_clock;

/// Aborts a stream at a moment, unless it is destroyed before. The timer's handler may already be under way
/// on another thread by then, so both look at the same place under a lock.
class abort_timer {
public:
    abort_timer(const executor& where, byte_stream& stream, clock::time_point when)
        : timer_(where), target_(std::make_shared<target>()) {
        target_->stream = &stream;
        timer_.expires_at(when);
        timer_.async_wait([aim = target_](const error_code& cancelled) {
            if (cancelled) return;
            const std::lock_guard guard(aim->mutex);
            if (!aim->stream) return;
            aim->has_fired = true;
            aim->stream->abort(byte_stream::abort_both);
        });
    }
    ~abort_timer() { disarm(); }
    abort_timer(const abort_timer&) = delete;
    abort_timer& operator=(const abort_timer&) = delete;

    /// True when the stream was aborted; later it is not any more.
    bool disarm() {
        timer_.cancel();
        const std::lock_guard guard(target_->mutex);
        target_->stream = nullptr;
        return target_->has_fired;
    }

private:
    struct target {
        std::mutex mutex;
        byte_stream* stream = nullptr;
        bool has_fired = false;
    };
    boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>, executor> timer_;
    std::shared_ptr<target> target_;
};

}  // namespace

task<result<std::unique_ptr<plain_stream>>> connect(socket_address where, clock::time_point deadline) {
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
    abort_timer timer(here, *stream, deadline);
    const auto failed = co_await stream->finish_connecting();
    if (timer.disarm()) co_return errc::timeout;
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
