#pragma once

#include "telemetry/line_buffer.hpp"

#include <chrono>

namespace fairlead::telemetry {

/// Appends `2026-01-02T03:04:05.678Z` (RFC 3339, always UTC).
void append_iso_time(line_buffer& out, std::chrono::system_clock::time_point time);

/// Appends `02/Jan/2026:03:04:05 +0000`, the time of the common log format, always UTC.
void append_common_time(line_buffer& out, std::chrono::system_clock::time_point time);

/// Appends seconds since 1970 with six decimals: `1767323045.678901`.
void append_unix_time(line_buffer& out, std::chrono::system_clock::time_point time);

/// Appends `duration` in seconds with six decimals, rounded down; a negative one counts as 0.
void append_seconds(line_buffer& out, std::chrono::nanoseconds duration);

}  // namespace fairlead::telemetry
