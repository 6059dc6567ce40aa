#include "http/credentials.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"

#include <string.h>

#include <algorithm>
#include <span>

namespace fairlead::http {
namespace {

constexpr refusal repeated{status::bad_request, "Authorization is there more than once: send it once."};
constexpr refusal too_long{status::request_header_fields_too_large,
                           "The credentials in Authorization are longer than 1024 bytes."};
constexpr refusal proxy_repeated{status::bad_request,
                                 "Proxy-Authorization is there more than once: send it once."};
constexpr refusal proxy_too_long{status::request_header_fields_too_large,
                                 "The credentials in Proxy-Authorization are longer than 1024 bytes."};

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
    const auto size = decode_base64(token, std::as_writable_bytes(std::span(text_)));
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
