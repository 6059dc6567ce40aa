#include "net/plain_stream.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>

namespace fairlead::net {

result<std::size_t> plain_stream::read_now(std::span<char> buffer) {
    for (;;) {
        const auto n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return last_error();
    }
}

result<std::size_t> plain_stream::write_now(std::span<const iovec> pieces) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // POSIX leaves const out; sendmsg does not write to it
    message.msg_iovlen = pieces.size();
    for (;;) {
        const auto n = pieces.size() == 1
                           ? ::send(socket_.get(), pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                           : ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return last_error();
    }
}

result<std::size_t> plain_stream::send_file_now(int fd, std::uint64_t offset, std::size_t count) {
    for (;;) {
        auto position = static_cast<off_t>(offset);
        const auto n = ::sendfile(socket_.get(), fd, &position, count);  // no MSG_NOSIGNAL: the program ignores SIGPIPE
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return last_error();
    }
}

task<error_code> plain_stream::wait(readiness direction) {
    if (!registered_) {
        registered_.emplace(context_.get_executor());
        error_code failed;
        registered_->assign(socket_.get(), failed);
        if (failed) co_return failed;
    }
    const auto what = direction == readiness::readable ? descriptor::wait_read : descriptor::wait_write;
    const auto [failed] = co_await registered_->async_wait(what, as_result);
    co_return failed;
}

void plain_stream::shutdown_send() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

void plain_stream::abort(abort_kind what) noexcept {
    ::shutdown(socket_.get(), what == abort_reading ? SHUT_RD : SHUT_RDWR);
}

void plain_stream::close() noexcept {
    if (registered_) {
        registered_->release();  // leaves the reactor; the descriptor stays ours to close
        registered_.reset();
    }
    socket_.reset();
}

}  // namespace fairlead::net
