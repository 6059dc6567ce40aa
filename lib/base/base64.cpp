#include "base/base64.hpp"

#include <algorithm>
#include <array>

namespace fairlead {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 64;

/// What each byte stands for.
constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> all{};
    all.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        all[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return all;
}();

std::uint8_t value_of(char c) noexcept { return values[static_cast<unsigned char>(c)]; }

}  // namespace

bool is_base64_digit(char c) noexcept { return value_of(c) != no_digit; }

std::string encode_base64(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = at; i < at + 3; ++i) group = group << 8 | (i < bytes.size() ? bytes[i] : 0u);
        for (int shift = 18; shift >= 0; shift -= 6) text.push_back(alphabet[group >> shift & 63]);
    }
    const auto padding = (3 - bytes.size() % 3) % 3;
    std::fill(text.end() - static_cast<std::ptrdiff_t>(padding), text.end(), '=');
    return text;
}

std::optional<std::size_t> decode_base64(std::string_view text, std::span<std::byte> out) noexcept {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const auto size = text.size() / 4 * 3 - padding;
    if (size > out.size()) return std::nullopt;
    text.remove_suffix(padding);
    std::uint32_t bits = 0;  // what has come and is not yet in `out`; older bits leave at the top
    unsigned count = 0;
    std::size_t written = 0;
    for (const char c : text) {
        const auto value = value_of(c);
        if (value == no_digit) return std::nullopt;
        bits = bits << 6 | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out[written++] = static_cast<std::byte>(bits >> count);
    }
    if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return written;
}

}  // namespace fairlead
