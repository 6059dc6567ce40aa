#pragma once

#include "http/parse_result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::content {

/// What a form may have. Each is refused when it is exceeded, never cut off.
struct multipart_limits {
    std::size_t max_parts = 100;          ///< `uploads.max_parts`
    std::size_t max_header_bytes = 8192;  ///< of the header lines of one part, with their line ends
    std::size_t max_header_lines = 16;    ///< of one part
    std::size_t max_name_bytes = 1024;    ///< of a name, and of a file name
};

/// What the header lines of a part say.
struct part_head {
    std::string name;                     ///< UTF-8, see http::content_disposition
    std::optional<std::string> filename;  ///< UTF-8; present when the part is a file
    std::string content_type;             ///< a valid media type, or "": text/plain (RFC 7578 section 4.4)
    std::string content_digest;           ///< as it was sent and not checked, or "" (RFC 9530)
    std::string repr_digest;              ///< the same: without a coding both are of the same bytes
};

/// Takes a multipart/form-data body apart as its bytes arrive (RFC 7578, RFC 2046 section 5.1); what it says
/// does not depend on how they were cut. Content is handed out in place and never kept: memory is bounded by
/// the header bytes of one part, time is linear in the input.
///
/// Strict where parsers disagree. A line that divides parts is CRLF, "--", the boundary, up to 16 spaces and
/// tabs, CRLF; the first CRLF may be missing at the start of the body and of a part's content. A line that
/// has something else behind the boundary is content, but an error when only its end is wrong (LF or CR
/// alone, too many spaces), or when it goes on behind "--boundary--". Refused also: parts without exactly one
/// Content-Disposition of form-data, folded or malformed header lines, a malformed or repeated Content-Type
/// or a repeated digest, multipart inside of multipart, encodings other than 7bit, 8bit and binary
/// (RFC 7578 section 4.7), a Content-Encoding, and more than 1 KiB before the first part. What follows the
/// last line is ignored at any length: nothing of it is kept, and the limit of the body bounds it.
class multipart_reader {
public:
    static constexpr std::size_t max_boundary_bytes = 70;    ///< RFC 2046 section 5.1.1
    static constexpr std::size_t max_padding_bytes = 16;     ///< spaces and tabs behind a boundary
    static constexpr std::size_t max_preamble_bytes = 1024;  ///< before the first boundary

    enum class event : std::uint8_t {
        need_more,   ///< all of the input is consumed
        part_begin,  ///< `part()` has what the header lines say
        data,        ///< content of the part; never empty
        part_end,
        end,    ///< the closing boundary came; `finish` decides whether the form is complete
        error,  ///< final; every further call repeats it
    };

    struct step {
        std::size_t consumed = 0;  ///< bytes taken from the front of the input; perhaps 0 with an event
        event what = event::need_more;
        /// In the input or in memory of the reader; valid until the next call.
        std::span<const char> data;
        /// One sentence for the client, in memory of the reader.
        std::string_view error;
    };

    /// The parameter `boundary` of a Content-Type: 1 to 70 characters of RFC 2046, the last no space.
    /// Otherwise one sentence that says what is wrong with it. What type it is does not matter.
    static http::parse_result<std::string> boundary_of(std::string_view content_type);

    /// `boundary` is one that `boundary_of` gave.
    multipart_reader(std::string_view boundary, const multipart_limits& limits);

    /// Takes bytes until something is to be told. To be called again with what is left, also with nothing,
    /// until it says need_more or error.
    step feed(std::span<const char> input);

    /// Says that the body is over, after `feed` said need_more: nothing when the form is complete, else why
    /// it is not, one sentence for the client. A form with no part at all is complete.
    std::optional<std::string> finish() const;

    /// From part_begin to the next part.
    const part_head& part() const noexcept { return part_; }

private:
    // clang-format off
    enum class phase : std::uint8_t {
        preamble, part_line, head, data,
        closing, close_line, close_cr, epilogue, failed
    };
    // clang-format on
    enum class line_kind : std::uint8_t { other, undecided, divides, closes, broken };
    struct line_match {
        line_kind kind = line_kind::other;
        std::size_t length = 0;  ///< of a line that divides, and of one that closes up to its "--"
    };

    line_match match_line(std::string_view text) const noexcept;
    step advance(std::string_view text);
    step read_content(std::string_view text);
    step resume_line(std::string_view text);
    step take_line(line_kind kind, std::size_t consumed);
    step hand_out(std::string_view text, std::size_t consumed);
    step begin_part();
    step read_head(std::string_view text);
    step end_head(std::size_t consumed);
    std::optional<std::string> read_field(std::string_view line);
    step read_close_line(char byte);
    step fail(std::string sentence);

    std::string delimiter_;  ///< CRLF "--" boundary: its only CR is its first byte
    multipart_limits limits_;
    phase phase_ = phase::preamble;
    /// The beginning of a line that may become one that divides, from its CR; never longer than such a line.
    std::string held_;
    std::string given_;       ///< what was held and is content: `data` of a step may point here
    std::size_t absent_ = 2;  ///< bytes at the front of `held_` that were never there, or are no content
    std::size_t preamble_bytes_ = 0;
    std::size_t padding_bytes_ = 0;  ///< behind the closing boundary
    std::size_t parts_ = 0;
    std::string line_;  ///< a header line, as far as it came
    std::size_t header_bytes_ = 0;
    std::size_t header_lines_ = 0;
    bool has_disposition_ = false;
    part_head part_;
    std::string error_;
};

}  // namespace fairlead::content
