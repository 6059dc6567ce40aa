#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::http {

/// `length` bytes from `offset`; never empty.
struct byte_range {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool operator==(const byte_range&) const = default;
};

/// What a Range field asks of a representation of known size.
struct range_choice {
    enum class kind {
        whole,          ///< no usable Range: send everything with 200
        part,           ///< send the one of `ranges` with 206
        several,        ///< send `ranges` with 206 as multipart/byteranges
        unsatisfiable,  ///< 416 with `Content-Range: bytes */size`
    };
    enum kind kind = kind::whole;
    std::vector<byte_range> ranges;
};

/// Most parts of one answer.
inline constexpr std::size_t max_ranges = 32;
/// Ranges with a gap up to this between them are sent as one.
inline constexpr std::uint64_t small_gap = 80;
/// Bytes that a part costs beside its range, about.
inline constexpr std::uint64_t part_overhead = 160;

/// Reads one Range value (RFC 9110 section 14.2) for a representation of `size` bytes. Another unit or a
/// syntax error anywhere: whole. Positions past 2^64 - 1 are clipped, never wrapped. Ranges are sent as they
/// were asked for; when some of them overlap or nearly touch, merged and in ascending order. More than
/// `max_ranges` of them, or so much that the whole would cost less: whole. So the answer never has more bytes
/// than the representation, however many ranges are named.
range_choice choose_range(std::string_view value, std::uint64_t size);

/// The same for the fields of a request. Range counts only for GET and only once (RFC 9110 section 14.2). The
/// caller asks `range_applies` (conditional.hpp) first.
range_choice choose_range(verb method, const field_table& fields, std::uint64_t size);

/// "bytes 0-9/4096".
std::string content_range(const byte_range& range, std::uint64_t size);
/// "bytes */4096", for 416.
std::string unsatisfied_range(std::uint64_t size);

}  // namespace fairlead::http
