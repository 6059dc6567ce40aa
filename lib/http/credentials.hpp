#pragma once

#include "http/message.hpp"
#include "http/refusal.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace fairlead::http {

/// Bytes of the longest token of credentials that is looked at: a name of 255 bytes and a password of 511,
/// which is what libcrypt takes, fit into it.
inline constexpr std::size_t max_basic_token = 1024;

/// The field in which a request says who asks: Proxy-Authorization where this server is a proxy to the
/// client, which it is for CONNECT alone (RFC 9110 section 11.7.2). The other one is for somebody else then.
constexpr field credentials_field(verb method) noexcept {
    return method == verb::connect ? field::proxy_authorization : field::authorization;
}

/// What `Authorization: Basic`, or Proxy-Authorization, carries (RFC 7617), still encoded; nothing when there
/// is no field `from`, or one of another scheme, which means nobody here. Refusals: 400 for a repeated field,
/// since it is not known which of them others went by (RFC 9110 section 5.3); 431 for more than
/// `max_basic_token` bytes, by their number alone.
checked<std::optional<std::string_view>> find_basic_token(const field_table& fields, field from) noexcept;

/// A name and a password, decoded into memory that is wiped at the end.
class basic_credentials {
public:
    basic_credentials() = default;
    basic_credentials(const basic_credentials&) = delete;
    basic_credentials& operator=(const basic_credentials&) = delete;
    ~basic_credentials();

    /// Decodes a token (RFC 7617 section 2): base64 with its padding and without bits behind the last byte
    /// (RFC 4648 sections 3.5 and 4), UTF-8 without control characters, split at the first ':'. False, with
    /// nothing in it, when it is something else, is longer than `max_basic_token`, or has no name.
    bool decode(std::string_view token) noexcept;

    /// Not empty once decoded.
    std::string_view user() const noexcept { return {text_.data(), user_size_}; }
    /// May be empty. There is a NUL behind it, and none in it.
    std::string_view password() const noexcept { return {text_.data() + password_at_, password_size_}; }

private:
    std::array<char, max_basic_token / 4 * 3 + 1> text_{};
    std::size_t user_size_ = 0;
    std::size_t password_at_ = 0;
    std::size_t password_size_ = 0;
};

}  // namespace fairlead::http
