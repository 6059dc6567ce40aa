#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

namespace fairlead {

/// Nanoseconds since the epoch; what 64 bits cannot hold (before 1677 and after 2262, which file systems can)
/// is clipped. Two times of a file are compared by this alone, so that clipped ones are equal.
inline std::int64_t nanoseconds_of(const timespec& time) noexcept {
    constexpr std::int64_t most_seconds = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
    const auto seconds = std::clamp<std::int64_t>(time.tv_sec, -most_seconds, most_seconds);
    return seconds * 1'000'000'000 + time.tv_nsec;
}

/// The second in which a time is, also before the epoch, so that no time seems later than it is.
constexpr std::int64_t whole_seconds(std::int64_t nanoseconds) noexcept {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(nanoseconds)).count();
}

}  // namespace fairlead
