#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::telemetry {

/// What the kernel knows of this process.
struct process_stats {
    double cpu_seconds = 0;         ///< user and system time of all threads
    double start_time_seconds = 0;  ///< since 1970
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_fds = 0;
    std::uint64_t max_fds = 0;  ///< the soft limit
};

/// The fields of /proc/self/stat that are wanted (proc(5)); times are in clock ticks.
struct stat_fields {
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    std::uint64_t start_ticks = 0;  ///< since the machine started
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;
};

/// Nothing when `text` is not such a line.
std::optional<stat_fields> parse_stat(std::string_view text);

/// Reads /proc; nothing where that is not mounted.
std::optional<process_stats> read_process_stats();

}  // namespace fairlead::telemetry
