#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace fairlead::bench {

/// Times in buckets of 3 %, so that a run of any length needs constant memory.
class latencies {
public:
    void add(std::chrono::nanoseconds time);
    /// The time that `share` (0 to 1) of all answers did not exceed; 0 without answers.
    std::chrono::nanoseconds quantile(double share) const;

private:
    std::array<std::uint64_t, 64 * 32> counts_{};
    std::uint64_t total_ = 0;
};

}  // namespace fairlead::bench
