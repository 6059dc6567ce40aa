#include "net/plain_stream.hpp"

#include "base/event.hpp"
#include "net/edge_wait.hpp"
#include "net/page_sender.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>

namespace fairlead::net {
namespace {

// What is left in the socket is copied twice.
constexpr std::size_t most_left = 16 * 1024;

/// True when the kernel says (TCP_INQ, Linux 4.18) that the read took everything, the end of the stream
/// included. Without the answer there may be more.
bool nothing_left(msghdr& message) noexcept {
    const auto* control = CMSG_FIRSTHDR(&message);
    if (!control || control->cmsg_level != SOL_TCP || control->cmsg_type != TCP_CM_INQ) return false;
    int left = 0;
    std::memcpy(&left, CMSG_DATA(control), sizeof left);
    return left == 0;
}

}  // namespace

plain_stream::plain_stream(boost::asio::io_context& context, unique_fd&& socket) noexcept
    : context_(context), socket_(std::move(socket)) {
    const int on = 1;
    tells_rest_ = ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_INQ, &on, sizeof on) == 0;
}

result<std::size_t> plain_stream::read_now(std::span<char> buffer) {
    take_left();
    iovec piece{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    for (;;) {
        message.msg_controllen = sizeof control;
        // Room for control data only where the kernel has something to say: a unix peer could pass
        // descriptors into it, which nobody would close. Without room for them the kernel drops them
        // (unix(7)).
        const auto n = tells_rest_ ? ::recvmsg(socket_.get(), &message, 0)
                                   : ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (n >= 0) {
            is_drained_ = tells_rest_ && nothing_left(message);
            return static_cast<std::size_t>(n);
        }
        if (errno == EINTR) continue;
        is_drained_ = errno == EAGAIN;
        return last_error();
    }
}

result<std::size_t> plain_stream::read_leaving(std::span<char> buffer) {
    if (tells_rest_) return read_now(buffer);  // TCP: nobody is woken
    take_left();
    for (;;) {
        const auto n = ::recv(socket_.get(), buffer.data(), std::min(buffer.size(), most_left), MSG_PEEK);
        is_drained_ = n < 0 && errno == EAGAIN;
        if (n >= 0) return left_ = static_cast<std::size_t>(n);
        if (errno == EINTR) continue;
        return last_error();
    }
}

/// Takes what has been read. Whatever ends it early shows in the next read.
void plain_stream::take_from_socket(std::size_t count) noexcept {
    std::array<char, 4096> sink;
    while (count > 0) {
        const auto n = ::recv(socket_.get(), sink.data(), std::min(sink.size(), count), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        count -= static_cast<std::size_t>(n);
    }
}

result<std::size_t> plain_stream::write_now(std::span<const iovec> pieces, bool more_follows) {
    const int flags = more_follows ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    msghdr message{};
    message.msg_iov =
        const_cast<iovec*>(pieces.data());  // POSIX leaves const out; sendmsg does not write to it
    message.msg_iovlen = pieces.size();
    for (;;) {
        auto n = pieces.size() == 1 ? ::send(socket_.get(), pieces[0].iov_base, pieces[0].iov_len, flags)
                                    : ::sendmsg(socket_.get(), &message, flags);
        // A pipe. What its only writer pays more for each piece, sockets need not pay at all.
        if (n < 0 && errno == ENOTSOCK)
            n = ::writev(socket_.get(), pieces.data(), static_cast<int>(pieces.size()));
        is_full_ = n < 0 && errno == EAGAIN;
        if (n < 0 && errno == EINTR) continue;
        const auto failed = n < 0 ? last_error() : error_code{};
        take_left();
        if (failed) return failed;
        return static_cast<std::size_t>(n);
    }
}

result<std::size_t> plain_stream::send_file_now(int fd, std::uint64_t offset, std::size_t count) {
    for (;;) {
        auto position = static_cast<off_t>(offset);
        const auto n =
            ::sendfile(socket_.get(), fd, &position, count);  // no MSG_NOSIGNAL: the program ignores SIGPIPE
        is_full_ = n < 0 && errno == EAGAIN;
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == EINTR) continue;
        return last_error();
    }
}

result<std::size_t> plain_stream::send_pages_now(std::string_view bytes) {
    if (is_full_) return errno_code(EAGAIN);  // the last call has seen it, and no edge has come since
    const auto sent = page_sender::of_this_thread().send(socket_.get(), bytes, is_full_);
    const bool is_impossible = !sent && sent.error() == boost::system::errc::operation_not_supported;
    return is_impossible ? byte_stream::send_pages_now(bytes) : sent;
}

result<std::size_t> plain_stream::fill_pipe_now(int pipe, std::size_t most) {
    for (;;) {
        const auto n =
            ::splice(socket_.get(), nullptr, pipe, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        is_drained_ = n < 0 && errno == EAGAIN;  // the pipe is empty, so that it has not said so
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == EINTR) continue;
        return last_error();
    }
}

result<std::size_t> plain_stream::send_pipe_now(int pipe, std::size_t count) {
    for (;;) {
        const auto n =
            ::splice(pipe, nullptr, socket_.get(), nullptr, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        is_full_ = n < 0 && errno == EAGAIN;
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == EINTR) continue;
        return last_error();
    }
}

error_code plain_stream::join_reactor() {
    auto& reactor = boost::asio::use_service<boost::asio::detail::reactor>(context_);
    reactor.init_task();
    if (const int error = reactor.register_descriptor(socket_.get(), registration_)) return errno_code(error);
    reactor_ = &reactor;
    return {};
}

task<error_code> plain_stream::wait(readiness direction) {
    if (direction == readiness::readable && !is_drained_) co_return error_code{};
    if (direction == readiness::writable && !is_full_) {
        // There is room: no edge would come. Others have a turn all the same.
        co_await boost::asio::post(context_.get_executor(), boost::asio::deferred);
        co_return error_code{};
    }
    if (!reactor_) {
        const auto failed = join_reactor();
        if (failed) co_return failed;
    }
    const int what = direction == readiness::readable ? detail::reactor::read_op : detail::reactor::write_op;
    const auto [failed] = co_await async_edge_wait(*reactor_, registration_, socket_.get(), what,
                                                   context_.get_executor(), as_result);
    (direction == readiness::readable ? is_drained_ : is_full_) = false;
    co_return failed;
}

task<error_code> plain_stream::wait_any() {
    wait_set both;
    both.add(*this, readiness::readable);
    both.add(*this, readiness::writable);
    return wait_first(both);
}

task<error_code> plain_stream::wait_first(wait_set what) {
    const std::span waits(what.of.data(), what.size);
    const auto where = waits.front().stream->context_.get_executor();
    for (const auto& one : waits) {
        if (one.stream->is_exhausted(one.direction)) continue;
        co_await boost::asio::post(where, boost::asio::deferred);
        co_return error_code{};
    }
    for (const auto& one : waits) {
        if (one.stream->reactor_) continue;
        const auto failed = one.stream->join_reactor();
        if (failed) co_return failed;
    }
    // All waits have to end before this returns, and so has whoever ends them. The first that is over ends
    // the others, whose edges are remembered if they come meanwhile.
    struct shared_state {
        std::span<const wait_set::one> waits;
        std::atomic<bool> is_over{false};
        std::atomic<std::size_t> left{waits.size() + 1};
        event ended{};

        void cancel_all() {
            for (const auto& one : waits)
                one.stream->reactor_->cancel_ops(one.stream->socket_.get(), one.stream->registration_);
        }
        void leave() {
            if (left.fetch_sub(1) == 1) ended.set();
        }
    } state{waits};
    auto all_ended = state.ended.wait();
    std::exception_ptr failed;
    std::size_t begun = 0;
    try {
        for (; begun < waits.size(); ++begun) {
            const auto& one = waits[begun];
            const auto on_edge = [&state, &one](const error_code& cancelled) {
                if (!cancelled) one.stream->is_exhausted(one.direction) = false;
                if (!state.is_over.exchange(true)) state.cancel_all();
                state.leave();
            };
            const int kind =
                one.direction == readiness::readable ? detail::reactor::read_op : detail::reactor::write_op;
            async_edge_wait(*one.stream->reactor_, one.stream->registration_, one.stream->socket_.get(), kind,
                            where, on_edge);
        }
    } catch (...) {
        // No memory. Those that have begun refer to this frame, so they have to end before it does.
        failed = std::current_exception();
        state.is_over = true;
        state.left -= waits.size() - begun;
    }
    // The first may have been over before the last began.
    if (state.is_over.load()) state.cancel_all();
    state.leave();
    co_await std::move(all_ended);
    if (failed) std::rethrow_exception(failed);
    co_return error_code{};
}

task<error_code> plain_stream::finish_connecting() {
    // The first edge may be older than the outcome, so the socket itself is asked.
    pollfd outcome{socket_.get(), POLLOUT, 0};
    for (;;) {
        const int found = ::poll(&outcome, 1, 0);
        if (found > 0) break;
        if (found < 0 && errno == EINTR) continue;
        if (found < 0) co_return last_error();
        is_full_ = true;
        const auto failed = co_await wait(readiness::writable);
        if (failed) co_return failed;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    is_full_ = false;
    co_return error == 0 ? error_code{} : errno_code(error);
}

void plain_stream::fill_segments(bool on) noexcept {
    const int value = on ? 1 : 0;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

bool plain_stream::has_left() const noexcept {
    // POLLHUP is for both directions; who only ended his own is POLLRDHUP (poll(2)).
    pollfd asked{socket_.get(), 0, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLHUP | POLLERR)) != 0;
}

bool plain_stream::has_ended() const noexcept {
    pollfd asked{socket_.get(), POLLRDHUP, 0};
    if (::poll(&asked, 1, 0) != 1 || (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) return false;
    int unread = 0;
    return ::ioctl(socket_.get(), FIONREAD, &unread) == 0 && unread == 0;
}

http::local_end plain_stream::local() const noexcept {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) return {};
    // The port has the same place in both families.
    const bool is_ip = bound.ss_family == AF_INET || bound.ss_family == AF_INET6;
    const auto port = is_ip ? ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port) : std::uint16_t{0};
    return {ip_address::from(bound), port};
}

void plain_stream::shutdown_send() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

void plain_stream::abort(abort_kind what) noexcept {
    // Dissolving the association of a TCP socket is a reset at once, and wakes whoever waits (connect(2)).
    // Not by connect(), which ThreadSanitizer takes for the moment at which a descriptor begins to be used.
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    if (what == abort_by_reset && ::syscall(SYS_connect, socket_.get(), &nowhere, sizeof nowhere) == 0)
        return;
    ::shutdown(socket_.get(), what == abort_reading ? SHUT_RD : SHUT_RDWR);
}

void plain_stream::reset_on_close() noexcept {
    const linger none{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void plain_stream::close() noexcept {
    take_left();  // or the peer would see a reset
    if (reactor_) {
        // Closing takes the descriptor out of the epoll set: no call of its own for that.
        reactor_->deregister_descriptor(socket_.get(), registration_, true);
        socket_.reset();
        reactor_->cleanup_descriptor_data(registration_);
        reactor_ = nullptr;
    }
    socket_.reset();
}

}  // namespace fairlead::net
