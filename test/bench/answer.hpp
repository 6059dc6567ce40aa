#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

/// What one answer said.
struct answer {
    unsigned status = 0;
    std::uint64_t length = 0;  ///< bytes of the body, without what frames its chunks
    bool is_chunked = false;   ///< `length` is known when the last chunk is here
    bool retry_after = false;  ///< has a Retry-After field
    bool close = false;        ///< has `Connection: close`
};

/// Cuts what a server sends into answers. Knows only what the servers under test send: a body has a
/// Content-Length or is chunked (RFC 9112 section 7.1), or there is none (1xx, 204, 304).
class answer_reader {
public:
    enum class progress {
        incomplete,  ///< all of the input was taken, the answer goes on
        complete,    ///< `last()` is whole, the rest of the input belongs to the next answer
        invalid      ///< this is no answer, or one whose end cannot be told
    };

    /// Takes bytes off the front of `input`, at most to the end of one answer.
    progress take(std::string_view& input);

    /// Bytes of the body, or of its present chunk, that have not been taken yet.
    std::uint64_t body_left() const { return body_left_; }

    /// Counts `bytes` <= body_left() of the body as taken.
    progress skip_body(std::uint64_t bytes);

    /// Whether no byte of an answer has been taken since the last one was complete.
    bool is_between_answers() const { return part_ == part::head && partial_.empty(); }

    /// The answer whose head was read last.
    const answer& last() const { return last_; }

private:
    enum class part { head, body, chunk_size, chunk_data, chunk_end, trailer };

    progress take_part(std::string_view& input);
    progress begin_body(std::string_view head);
    progress begin_chunk(std::string_view size_line);
    progress end_chunk(std::string_view line);
    progress take_trailer(std::string_view line);
    progress complete();

    answer last_;
    std::string partial_;  // of a head or a line that goes on in the next piece of input
    std::uint64_t body_left_ = 0;
    part part_ = part::head;
};

}  // namespace fairlead::bench
