#include "net/splice_pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace fairlead::net {

std::optional<splice_pipes::pipe> splice_pipes::open_pipe() {
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
    // Where the kernel refuses (pipe-user-pages-soft), it is smaller: more calls for the same bytes.
    (void)::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(capacity));
    return pipe{unique_fd(ends[1]), unique_fd(ends[0])};
}

std::optional<splice_pipes::pipe> splice_pipes::take() {
    {
        const std::lock_guard guard(mutex_);
        if (lent_ >= most_) return std::nullopt;
        ++lent_;
        if (!resting_.empty()) {
            auto one = std::move(resting_.back());
            resting_.pop_back();
            return one;
        }
    }
    auto fresh = open_pipe();
    if (fresh) return fresh;
    const std::lock_guard guard(mutex_);
    --lent_;
    return std::nullopt;
}

void splice_pipes::give_back(pipe&& used, bool is_empty) noexcept {
    auto one = std::move(used);  // what is not kept is closed after the lock is free
    const std::lock_guard guard(mutex_);
    --lent_;
    if (is_empty && resting_.size() < most_resting) resting_.push_back(std::move(one));
}

unsigned splice_pipes::lent() const {
    const std::lock_guard guard(mutex_);
    return lent_;
}

}  // namespace fairlead::net
