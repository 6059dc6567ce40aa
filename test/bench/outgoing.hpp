#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::bench {

/// The bytes of a request on their way to the server: a head, and a body of any length that repeats one
/// block, so that it is never held whole.
class outgoing {
public:
    enum class state {
        done,     ///< the kernel has taken everything
        blocked,  ///< it takes no more for now
        failed    ///< the connection is gone, or the server has ended its side
    };

    /// `head`, and `block` unless `body_bytes` is 0, have to live until everything is sent.
    void begin(std::string_view head, std::string_view block = {}, std::uint64_t body_bytes = 0) {
        head_ = head;
        block_ = block;
        body_left_ = body_bytes;
        body_at_ = 0;
    }

    /// Gives the socket as much as it takes, head and body in one call.
    state send(int socket) {
        while (!head_.empty() || body_left_ > 0) {
            const auto sent = send_some(socket);
            if (sent < 0) return errno == EAGAIN ? state::blocked : state::failed;
            take(static_cast<std::size_t>(sent));
        }
        return state::done;
    }

private:
    ssize_t send_some(int socket) const {
        const auto piece = block_.substr(body_at_, std::min<std::uint64_t>(body_left_, block_.size()));
        std::array parts{iovec{const_cast<char*>(head_.data()), head_.size()},
                         iovec{const_cast<char*>(piece.data()), piece.size()}};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        return ::sendmsg(socket, &message, MSG_NOSIGNAL);
    }

    void take(std::size_t bytes) {
        const auto of_head = std::min(bytes, head_.size());
        head_.remove_prefix(of_head);
        const auto of_body = bytes - of_head;
        body_left_ -= of_body;
        if (of_body > 0) body_at_ = (body_at_ + of_body) % block_.size();
    }

    std::string_view head_, block_;
    std::uint64_t body_left_ = 0;
    std::size_t body_at_ = 0;  // in the block
};

}  // namespace fairlead::bench
