#include "net/page_sender.hpp"

#include <fcntl.h>
#include <sys/uio.h>

namespace fairlead::net {

page_sender& page_sender::of_this_thread() {
    thread_local page_sender mine;
    return mine;
}

/// Bytes of the front that the pipe took.
result<std::size_t> page_sender::fill(std::string_view bytes) noexcept {
    if (!pipe_ && !is_forbidden_) pipe_ = splice_pipes::open_pipe();
    if (!pipe_) return errno_code(EOPNOTSUPP);
    const iovec pages{const_cast<char*>(bytes.data()), bytes.size()};
    for (;;) {
        const auto n = ::vmsplice(pipe_->in.get(), &pages, 1, SPLICE_F_NONBLOCK);
        if (n > 0) return static_cast<std::size_t>(n);
        if (n < 0 && errno == EINTR) continue;
        // A filter of system calls, or a kernel without the call.
        is_forbidden_ = n < 0 && (errno == EPERM || errno == ENOSYS);
        pipe_.reset();
        return errno_code(EOPNOTSUPP);
    }
}

result<std::size_t> page_sender::send(int socket, std::string_view bytes, bool& is_full) noexcept {
    is_full = false;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto filled = fill(bytes.substr(done));
        if (!filled) return done > 0 ? result<std::size_t>(done) : filled.error();
        // Whether more follows is for the kernel to know only within these bytes: the last segment of a
        // filling that is not the last must not leave half full.
        const unsigned more = done + *filled < bytes.size() ? SPLICE_F_MORE : 0;
        for (auto left = *filled; left > 0;) {
            const auto n =
                ::splice(pipe_->out.get(), nullptr, socket, nullptr, left, SPLICE_F_NONBLOCK | more);
            if (n > 0) {
                left -= static_cast<std::size_t>(n);
                done += static_cast<std::size_t>(n);
                continue;
            }
            if (n < 0 && errno == EINTR) continue;
            const auto why = n < 0 ? last_error() : errno_code(EPIPE);
            is_full = n < 0 && errno == EAGAIN;
            pipe_.reset();  // with what is left in it
            return done > 0 ? result<std::size_t>(done) : why;
        }
    }
    return done;
}

}  // namespace fairlead::net
