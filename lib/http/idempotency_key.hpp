#pragma once

#include "http/message.hpp"
#include "http/refusal.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// Most bytes of a key, without quotes and escapes.
inline constexpr std::size_t max_idempotency_key_bytes = 255;

/// The key that a value of Idempotency-Key has (draft-ietf-httpapi-idempotency-key-header section 2.1): the
/// content of a string of RFC 8941, printable ASCII; or, as most clients send it, the text without quotes,
/// then without spaces, quotes, backslashes, commas and semicolons. So `"k1"` and `k1` are the same key.
/// Refusals, 400: anything else, anything behind the closing quote, and a key that is empty or has more than
/// 255 bytes.
checked<std::string> parse_idempotency_key(std::string_view value);

/// The same for a request: nothing without the field; refused with 400 when there are two.
checked<std::optional<std::string>> parse_idempotency_key(const field_table& fields);

}  // namespace fairlead::http
