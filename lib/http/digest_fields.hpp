#pragma once

#include "base/sha.hpp"
#include "http/message.hpp"
#include "http/refusal.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// The digests that a message is said to have.
struct wanted_digests {
    std::optional<sha_digest> sha256;
    std::optional<sha_digest> sha512;
    bool operator==(const wanted_digests&) const = default;
};

/// Reads a value of Content-Digest or Repr-Digest (RFC 9530): a dictionary of byte sequences (RFC 8941
/// sections 4.2.2 and 4.2.7). Other algorithms than sha-256 and sha-512 are ignored with whatever well-formed
/// value they have, and so are parameters; of repeated keys the last counts. An empty value wants nothing.
/// Refusals, 400: text that is no dictionary; a sha-256 or sha-512 that is not its 32 or 64 bytes in base64
/// with padding and without stray bits (RFC 4648 section 3.5; RFC 8941 would allow to be lax). Takes linear
/// time, and allocates nothing.
checked<wanted_digests> parse_digests(std::string_view value);

/// The same for the field `name` of a request, in any case: its lines are read as one list. Nothing is wanted
/// when there is none.
checked<wanted_digests> parse_digests(const field_table& fields, std::string_view name);

/// "sha-256=:BASE64:" or "sha-512=:BASE64:".
std::string format_digest(const sha_digest& digest);

}  // namespace fairlead::http
