#pragma once

#include "base/unique_fd.hpp"

#include <mutex>
#include <optional>
#include <vector>

namespace fairlead::net {

/// Pipes that bytes go through from one socket to another without being copied (splice(2)). They are lent for
/// as long as bytes are in them, so a connection that rests holds none, and all of them together hold a
/// bounded part of the kernel's memory: `most` times `capacity`. Thread safe.
class splice_pipes {
public:
    static constexpr std::size_t capacity = 256 * 1024;  ///< bytes that one is to be filled with

    struct pipe {
        unique_fd in;   ///< what is written to
        unique_fd out;  ///< what is read from
    };

    /// One that belongs to nobody else; nothing when there is no descriptor left.
    static std::optional<pipe> open_pipe();

    /// At most `most` pipes are lent at a time; nothing is opened before it is needed.
    explicit splice_pipes(unsigned most) : most_(most) { resting_.reserve(most_resting); }
    splice_pipes(const splice_pipes&) = delete;
    splice_pipes& operator=(const splice_pipes&) = delete;

    /// An empty pipe; nothing when all are lent or there is no descriptor left: then bytes have to be copied.
    std::optional<pipe> take();
    /// Takes a pipe back. One that is not empty is closed.
    void give_back(pipe&& used, bool is_empty) noexcept;

    unsigned lent() const;

private:
    static constexpr std::size_t most_resting = 16;  // kept open while nobody needs one

    const unsigned most_;
    mutable std::mutex mutex_;
    std::vector<pipe> resting_;
    unsigned lent_ = 0;
};

}  // namespace fairlead::net
