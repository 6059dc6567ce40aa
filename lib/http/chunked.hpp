#pragma once

#include "base/error.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Decodes a chunked body (RFC 9112 section 7.1) as its bytes arrive; may be fed at any split. Strict: every
/// line ends with CRLF, no white space around sizes except before an extension (BWS), extensions and trailer
/// fields must follow their grammar. Extensions are checked and dropped; the trailer section is kept apart,
/// and never reaches the fields (RFC 9110 section 6.5.1).
class chunked_decoder {
public:
    static constexpr std::size_t max_extension_bytes = 4096;  ///< of all chunks of a body together
    static constexpr std::size_t max_trailer_bytes = 8192;    ///< all trailer lines together
    static constexpr int max_size_digits = 64;                ///< leading zeros are legal

    struct step {
        std::size_t consumed = 0;  ///< bytes taken from the input
        std::size_t produced = 0;  ///< bytes of content written to the output
    };

    /// Takes as much of `in` as fits: stops when `in` is used up, `out` is full, or the body is complete.
    /// Bytes after the body are not consumed. `out` may begin where `in` begins, which decodes in place.
    /// Errors, after which the decoder stays failed: errc::bad_framing, errc::too_large.
    result<step> decode(std::span<const char> in, std::span<char> out);

    /// True when the last chunk and the trailer section have been read.
    bool is_done() const noexcept { return state_ == state::done; }

    /// The lines of the trailer section as they were received, each with its CRLF. Complete when done.
    std::string_view trailer() const noexcept { return trailer_; }

    /// Bytes of content decoded so far.
    std::uint64_t produced() const noexcept { return produced_; }

private:
    // clang-format off
    enum class state : std::uint8_t {
        size_first, size, before_semicolon,
        extension_name_first, extension_name, extension_name_space,
        extension_value_first, extension_token, extension_quoted, extension_escape, extension_end,
        size_lf, data, data_cr, data_lf,
        trailer_first, trailer_name, trailer_value, trailer_lf, end_lf,
        done, failed
    };
    // clang-format on

    error_code take(unsigned char byte);
    error_code take_size(unsigned char byte) noexcept;
    error_code take_extension(unsigned char byte) noexcept;
    error_code take_trailer(unsigned char byte);
    error_code step_trailer(unsigned char byte) noexcept;
    error_code end_of_size_line(unsigned char byte) noexcept;

    state state_ = state::size_first;
    std::uint8_t digits_ = 0;
    std::uint64_t chunk_ = 0;  ///< size being read, then bytes left of the chunk
    std::uint64_t produced_ = 0;
    std::size_t extension_bytes_ = 0;
    std::string trailer_;
};

/// The field lines of a trailer section that chunked_decoder has taken; views into it.
std::vector<field_view> lines_of_trailer(std::string_view trailer);

}  // namespace fairlead::http
