#include "http/credentials.hpp"

#include "base/text.hpp"

#include <string.h>

#include <algorithm>
#include <cstdint>

namespace fairlead::http {
namespace {

constexpr refusal repeated{status::bad_request, "Authorization is there more than once: send it once."};
constexpr refusal too_long{status::request_header_fields_too_large,
                           "The credentials in Authorization are longer than 1024 bytes."};
constexpr refusal proxy_repeated{status::bad_request,
                                 "Proxy-Authorization is there more than once: send it once."};
constexpr refusal proxy_too_long{status::request_header_fields_too_large,
                                 "The credentials in Proxy-Authorization are longer than 1024 bytes."};

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 64;

constexpr auto digits = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return values;
}();

/// Writes what `token` stands for to `out`, which has room for it: its size, or nothing when it is not strict
/// base64.
std::optional<std::size_t> decode_base64(std::string_view token, char* out) noexcept {
    if (token.empty() || token.size() % 4 != 0) return std::nullopt;
    const auto padding = token.ends_with("==") ? 2U : token.ends_with('=') ? 1U : 0U;
    std::size_t written = 0;
    for (std::size_t at = 0; at < token.size(); at += 4) {
        const bool is_last = at + 4 == token.size();
        const auto own = is_last ? 4 - padding : 4;
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto digit = i < own ? digits[static_cast<unsigned char>(token[at + i])] : 0U;
            if (digit == no_digit) return std::nullopt;
            bits = bits << 6 | digit;
        }
        for (std::size_t i = 0; i + 1 < own; ++i) {
            out[written++] = static_cast<char>(bits >> 16 & 0xFF);
            bits <<= 8;
        }
        // What is left of the last digit would let one password be written in several ways.
        if ((bits & 0xFFFFFF) != 0 && own < 4) return std::nullopt;
    }
    return written;
}

}  // namespace

checked<std::optional<std::string_view>> find_basic_token(const field_table& fields, field from) noexcept {
    const bool is_for_proxy = from == field::proxy_authorization;
    const std::string_view* value = nullptr;
    for (const auto& line : fields) {
        if (line.id != from) continue;
        if (value) return is_for_proxy ? proxy_repeated : repeated;
        value = &line.value;
    }
    constexpr std::string_view scheme = "Basic";
    if (!value || !iequals(value->substr(0, scheme.size()), scheme)) return std::optional<std::string_view>();
    auto token = value->substr(scheme.size());
    if (!token.empty() && token.front() != ' ') return std::optional<std::string_view>();
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    if (token.size() > max_basic_token) return is_for_proxy ? proxy_too_long : too_long;
    return std::optional(token);
}

basic_credentials::~basic_credentials() { ::explicit_bzero(text_.data(), text_.size()); }

bool basic_credentials::decode(std::string_view token) noexcept {
    user_size_ = password_at_ = password_size_ = 0;
    if (token.size() > max_basic_token) return false;
    const auto size = decode_base64(token, text_.data());
    if (!size) return false;
    text_[*size] = '\0';
    const std::string_view text(text_.data(), *size);
    const auto colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || has_control_character(text) || !is_valid_utf8(text))
        return false;
    user_size_ = colon;
    password_at_ = colon + 1;
    password_size_ = *size - password_at_;
    return true;
}

}  // namespace fairlead::http
