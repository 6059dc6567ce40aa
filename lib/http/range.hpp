#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <string>

namespace fairlead::http {

/// What a Range field asks of a representation of known size.
struct range_choice {
    enum class kind {
        whole,          ///< no usable Range: send everything with 200
        part,           ///< send `length` bytes from `offset` with 206
        unsatisfiable,  ///< 416 with `Content-Range: bytes */size`
    };
    enum kind kind = kind::whole;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Reads one Range value (RFC 9110 section 14.2) for a representation of `size` bytes. Another unit, a syntax
/// error anywhere, or more than one satisfiable range: whole. Positions past 2^64 - 1 are clipped, never
/// wrapped.
range_choice choose_range(std::string_view value, std::uint64_t size) noexcept;

/// The same for the fields of a request. Range counts only for GET and only once (RFC 9110 section 14.2). The
/// caller asks `range_applies` (conditional.hpp) first.
range_choice choose_range(verb method, const field_table& fields, std::uint64_t size) noexcept;

/// "bytes 0-9/4096"; "bytes */4096" when unsatisfiable; empty for the whole.
std::string content_range(const range_choice& choice, std::uint64_t size);

}  // namespace fairlead::http
