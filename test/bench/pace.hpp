#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace fairlead::bench {

/// When the requests of a fixed rate are due. What is late stays due: the time that a request waits for a
/// connection counts as its own, or a server that stalls would look fast.
class pace {
public:
    using clock = std::chrono::steady_clock;

    /// 0 is no pace: everything is due at once.
    explicit pace(double per_second)
        : interval_(per_second > 0 ? std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / per_second))
                                   : std::chrono::nanoseconds(0)) {}

    bool is_set() const { return interval_.count() > 0; }
    void begin(clock::time_point at) { due_ = at; }

    /// When the next request is due.
    clock::time_point due() const { return due_; }
    void pass() { due_ += interval_; }

    /// How long to wait for it, `most` at most.
    std::chrono::nanoseconds wait(clock::time_point now, std::chrono::nanoseconds most) const {
        return std::clamp(std::chrono::nanoseconds(due_ - now), std::chrono::nanoseconds(0), most);
    }

private:
    std::chrono::nanoseconds interval_;
    clock::time_point due_;
};

}  // namespace fairlead::bench
