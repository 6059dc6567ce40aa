#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::config {

/// A size in bytes: digits, then nothing or one of `k`, `m`, `g` in either case (1024, 1024^2, 1024^3), for
/// example "8k". Nothing when `text` is anything else or the value does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

/// The shortest text that parse_size reads back as the same value: 8192 is "8k".
std::string format_size(std::uint64_t bytes);

/// A time: digits and one of `ms`, `s`, `m`, `h`, for example "500ms". The unit is never left out, so that
/// nobody has to know which one is meant. Nothing when `text` is anything else or the value does not fit.
std::optional<std::chrono::milliseconds> parse_time(std::string_view text) noexcept;

/// The shortest text that parse_time reads back as the same value: 120000 ms is "2m". `value` is not
/// negative.
std::string format_time(std::chrono::milliseconds value);

}  // namespace fairlead::config
