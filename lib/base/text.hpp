#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {

/// ASCII lower case; bytes from 0x80 are left alone. Never depends on the locale.
constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
/// ASCII upper case, in the same way.
constexpr char to_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
std::string to_lower(std::string_view text);
/// True for the letters and digits of ASCII.
constexpr bool is_alphanumeric(char c) noexcept {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/// Equal when ASCII case is ignored.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// Copies `text` to `out`, which has room for it; returns the place behind it.
inline char* put(char* out, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(out, text.data(), text.size());  // which must not get a null pointer
    return out + text.size();
}
/// Writes `number` in decimal to `out`, which has room for 20 digits; returns the place behind it.
inline char* put(char* out, std::uint64_t number) noexcept {
    return std::to_chars(out, out + 20, number).ptr;
}

/// Without leading and trailing SP and HTAB (OWS of RFC 9110 section 5.6.3).
std::string_view trim(std::string_view text) noexcept;

/// Splits at each `separator`; n separators give n + 1 pieces, which may be empty and are not trimmed.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A decimal number of digits only (no sign, no space), or nothing when `text` is empty, has another byte, or
/// the value does not fit.
std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

/// True when `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_valid_utf8(std::string_view text) noexcept;

/// True when UTF-8 text has a control character: C0, DEL, or C1 (U+0080 to U+009F), which some terminals
/// obey.
bool has_control_character(std::string_view text) noexcept;

/// Optimal string alignment distance (edits and swaps of neighbours): for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace fairlead
