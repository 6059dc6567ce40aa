#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead {

/// Whether a byte stands for six bits in base64 (RFC 4648 section 4). The padding '=' does not.
bool is_base64_digit(char c) noexcept;

/// With padding.
std::string encode_base64(std::span<const std::uint8_t> bytes);

/// Decodes strictly (RFC 4648 sections 3.2, 3.3 and 3.5): with its padding, without other bytes and without
/// bits behind the last byte, so that nothing can be written in two ways. How many bytes were written to the
/// front of `out`; nothing when `text` is no such text, or stands for more than `out` has room for.
std::optional<std::size_t> decode_base64(std::string_view text, std::span<std::byte> out) noexcept;

}  // namespace fairlead
