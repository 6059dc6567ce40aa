#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fairlead::telemetry {

/// The numbers of one status line, taken at the same moment.
struct status_sample {
    std::uint64_t connections = 0;
    std::uint64_t connections_limit = 0;   ///< 0: no limit
    std::uint64_t in_flight = 0;           ///< requests at work
    std::uint64_t in_flight_limit = 0;     ///< 0: no limit
    std::uint64_t queued = 0;              ///< requests that wait for a place among those at work
    std::uint64_t requests = 0;            ///< finished since the line before
    std::uint64_t shed = 0;                ///< answered 503 because of load, since the line before
    std::chrono::nanoseconds interval{0};  ///< since the line before
};

enum class load { normal, near_capacity, saturated };

/// `saturated`: the connections are at their limit, or requests wait while those at work are at theirs.
/// `near_capacity`: connections or requests at work have reached 90 % of their limit.
load judge(const status_sample& sample) noexcept;

/// `connections 12/1024, in flight 3/512, queue 0, 1234 requests/s, shed 0, normal`. A limit of 0 is left
/// out. The last word is green, yellow or red when `is_coloured` says that a terminal will show it.
std::string status_line(const status_sample& sample, bool is_coloured);

}  // namespace fairlead::telemetry
