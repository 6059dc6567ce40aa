#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::http {

/// Seconds since 1970-01-01T00:00:00Z without leap seconds, as time_t counts them.
using unix_seconds = std::int64_t;

/// The text of an IMF-fixdate: always 29 bytes.
using date_text = std::array<char, 29>;

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). Times before the year 1601 or after 9999 become
/// the first or the last second of that range.
date_text format_date(unix_seconds time) noexcept;

/// Parses IMF-fixdate and the obsolete RFC 850 and asctime forms. Case-sensitive; the date must exist (1601
/// to 9999), and the day of the week must be its own; second 60 is the next minute's first. A two-digit year
/// more than 50 years after `now` means the past century. Nothing when `text` is anything else.
std::optional<unix_seconds> parse_date(std::string_view text, unix_seconds now) noexcept;

/// `date` as text.
inline std::string_view view(const date_text& date) noexcept { return {date.data(), date.size()}; }

}  // namespace fairlead::http
