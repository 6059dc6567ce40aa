#pragma once

#include "http/parse_result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http {

/// So many in a time: of requests, or of bytes.
struct rate {
    /// The longest time that a bucket may take to fill, so that no sum of times overflows.
    static constexpr std::chrono::hours longest{366 * 24};

    std::uint64_t count = 0;  ///< 0: no limit
    std::chrono::seconds period{1};

    /// The time in which `units` are allowed, rounded up; `longest` where it would be longer. `count` is not
    /// 0.
    std::chrono::nanoseconds time_for(std::uint64_t units) const noexcept;
    /// How many are allowed in a time, rounded down. `count` is not 0, `time` is 0 to `longest`.
    std::uint64_t units_in(std::chrono::nanoseconds time) const noexcept;

    bool operator==(const rate&) const = default;
};

/// "10/s", "600/m", "5/h" or, with a longer time, "1/24h", "100/10s": 1 to 1,000,000 in 1 s to 24 h. The
/// error is a sentence that says what to write.
parse_result<rate> parse_rate(std::string_view text);

/// How much of a rate is left for one client.
struct rate_left {
    std::uint64_t units = 0;
    std::chrono::seconds until_all{0};  ///< rounded up
};

/// Members of `RateLimit-Policy` and of `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): the name of
/// the policy is its unit. "content-bytes" are units other than requests, and are named as such.
std::string policy_member(std::string_view name, const rate& allowed, bool are_bytes);
std::string left_member(std::string_view name, const rate_left& left);

/// Whole seconds, rounded up, at least 1: of `Retry-After`, which must not lead back too early.
std::chrono::seconds seconds_to_wait(std::chrono::nanoseconds time) noexcept;

}  // namespace fairlead::http
