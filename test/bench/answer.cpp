#include "answer.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace fairlead::bench {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view line_end = "\r\n";

bool is_same_name(std::string_view left, std::string_view right) {
    return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Up to and with `mark`, which is not returned, off the front of `input`; nothing when it goes on. What came
/// before is in `partial`; a text that was whole there is moved to `joined`, which the result may view.
std::optional<std::string_view> take_until(std::string_view mark, std::string_view& input,
                                           std::string& partial, std::string& joined) {
    if (partial.empty()) {
        const auto end = input.find(mark);
        if (end == input.npos) {
            partial = std::exchange(input, {});
            return std::nullopt;
        }
        const auto text = input.substr(0, end);
        input.remove_prefix(end + mark.size());
        return text;
    }
    // A text in pieces is rare: join them, then give back what lies behind the mark.
    const auto known = partial.size();
    partial += input;
    const auto end = partial.find(mark);
    if (end == std::string::npos) {
        input = {};
        return std::nullopt;
    }
    input.remove_prefix(end + mark.size() - known);
    joined = std::exchange(partial, {});
    return std::string_view(joined).substr(0, end);
}

/// Reads the fields that matter here; false when one that tells where the body ends is not understood.
bool read_field(std::string_view line, answer& into, bool& has_length) {
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    auto value = line.substr(std::min(colon + 1, line.size()));
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    // Most fields are told apart by their length alone, which keeps the generator cheap.
    if (is_same_name(name, "content-length")) {
        const auto length = parse_number<std::uint64_t>(value);
        into.length = length.value_or(0);
        has_length = true;
        return length.has_value();
    }
    if (is_same_name(name, "transfer-encoding")) {
        into.is_chunked = is_same_name(value, "chunked");
        return into.is_chunked;
    }
    if (is_same_name(name, "retry-after")) into.retry_after = true;
    if (is_same_name(name, "connection")) into.close = is_same_name(value, "close");
    return true;
}

/// The head without its final empty line, or nothing when it is not one that can be framed.
std::optional<answer> read_head(std::string_view head) {
    if (!head.starts_with("HTTP/1.") || head.size() < 12) return std::nullopt;
    const auto status = parse_number<unsigned>(head.substr(9, 3));
    if (!status) return std::nullopt;
    answer result;
    result.status = *status;
    bool has_length = false;
    for (auto end = head.find(line_end); end < head.size();) {
        const auto begin = end + line_end.size();
        end = std::min(head.find(line_end, begin), head.size());
        if (!read_field(head.substr(begin, end - begin), result, has_length)) return std::nullopt;
    }
    if (*status < 200 || *status == 204 || *status == 304) {
        // Its Content-Length, if any, is the one that a 200 would have (RFC 9110 section 8.6).
        result.length = 0;
        result.is_chunked = false;
        return result;
    }
    // Exactly one of them (RFC 9112 section 6.2).
    if (has_length == result.is_chunked) return std::nullopt;
    return result;
}

}  // namespace

answer_reader::progress answer_reader::take(std::string_view& input) {
    while (!input.empty()) {
        const auto done = take_part(input);
        if (done != progress::incomplete) return done;
    }
    return progress::incomplete;
}

answer_reader::progress answer_reader::take_part(std::string_view& input) {
    if (part_ == part::body || part_ == part::chunk_data) {
        const auto bytes = std::min<std::uint64_t>(body_left_, input.size());
        input.remove_prefix(static_cast<std::size_t>(bytes));
        return skip_body(bytes);
    }
    std::string joined;
    const auto text = take_until(part_ == part::head ? head_end : line_end, input, partial_, joined);
    if (!text) return progress::incomplete;
    switch (part_) {
        case part::head: return begin_body(*text);
        case part::chunk_size: return begin_chunk(*text);
        case part::chunk_end: return end_chunk(*text);
        default: return take_trailer(*text);
    }
}

answer_reader::progress answer_reader::skip_body(std::uint64_t bytes) {
    body_left_ -= bytes;
    if (body_left_ > 0) return progress::incomplete;
    if (part_ == part::body) return complete();
    part_ = part::chunk_end;
    return progress::incomplete;
}

answer_reader::progress answer_reader::begin_body(std::string_view head) {
    const auto read = read_head(head);
    if (!read) return progress::invalid;
    last_ = *read;
    body_left_ = read->length;
    if (read->is_chunked) {
        part_ = part::chunk_size;
        return progress::incomplete;
    }
    if (body_left_ == 0) return complete();
    part_ = part::body;
    return progress::incomplete;
}

answer_reader::progress answer_reader::begin_chunk(std::string_view size_line) {
    const auto size = parse_number<std::uint64_t>(size_line.substr(0, size_line.find_first_of("; ")), 16);
    if (!size) return progress::invalid;
    body_left_ = *size;
    last_.length += *size;
    part_ = *size > 0 ? part::chunk_data : part::trailer;
    return progress::incomplete;
}

answer_reader::progress answer_reader::end_chunk(std::string_view line) {
    part_ = part::chunk_size;
    return line.empty() ? progress::incomplete : progress::invalid;
}

answer_reader::progress answer_reader::take_trailer(std::string_view line) {
    return line.empty() ? complete() : progress::incomplete;
}

answer_reader::progress answer_reader::complete() {
    part_ = part::head;
    return progress::complete;
}

}  // namespace fairlead::bench
