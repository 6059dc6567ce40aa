#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fairlead::http {

/// The content codings that are sent (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). `identity` is the content
/// as it is.
enum class content_coding : std::uint8_t { identity, gzip, br, zstd };

/// The name in Content-Encoding: "gzip", "br", "zstd"; "identity" never stands there.
std::string_view token(content_coding coding) noexcept;

/// The coding that `token` gives this name, in lower case; nothing for other names, and for identity.
std::optional<content_coding> coding_named(std::string_view name) noexcept;

/// What a file name gets when its content is kept coded: ".gz", ".br", ".zst"; empty for identity.
std::string_view file_suffix(content_coding coding) noexcept;

/// The coding to send, by the Accept-Encoding fields of a request (RFC 9110 section 12.5.3), whose lines form
/// one list; nothing when none is acceptable, which the caller decides about. `available` are the codings
/// that the server has, the preferred one first; identity need not be named, it always exists.
///
/// The highest quality wins. Between equals: the order of `available`, and identity last. No field, or an
/// empty one: identity. Without a word about it identity is acceptable, behind all that is named. `*` speaks
/// for identity and for gzip where they are not named; for br or zstd only when nothing else is acceptable: a
/// client that can read these says so. Names ignore ASCII case, and x-gzip is gzip (section 8.4.1.3).
///
/// Of a coding that is named again the first mention counts. What names no coding known here is skipped. A
/// coding behind whose name stands anything but one correct weight is not sent; behind `identity` and `*`
/// such a weight counts as not said, since it takes a readable q=0 to refuse identity.
///
/// Does not allocate; linear in the length of the fields.
std::optional<content_coding> choose_coding(const field_table& fields,
                                            std::span<const content_coding> available) noexcept;

}  // namespace fairlead::http
