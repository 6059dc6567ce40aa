#include "answer.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace fairlead::bench {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";

bool is_same_name(std::string_view left, std::string_view right) {
    return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Reads the fields that matter here; false when Content-Length is no number.
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
    bool has_length = *status < 200 || *status == 204 || *status == 304;
    for (auto end = head.find("\r\n"); end < head.size();) {
        const auto begin = end + 2;
        end = std::min(head.find("\r\n", begin), head.size());
        if (!read_field(head.substr(begin, end - begin), result, has_length)) return std::nullopt;
    }
    if (!has_length) return std::nullopt;
    return result;
}

}  // namespace

answer_reader::progress answer_reader::take(std::string_view& input) {
    if (in_body_) {
        const auto bytes = std::min<std::uint64_t>(body_left_, input.size());
        input.remove_prefix(static_cast<std::size_t>(bytes));
        return skip_body(bytes);
    }
    if (partial_head_.empty()) {
        const auto end = input.find(head_end);
        if (end != input.npos) {
            const auto head = input.substr(0, end);
            input.remove_prefix(end + head_end.size());
            return begin_body(head) == progress::invalid ? progress::invalid : take(input);
        }
        partial_head_ = input;
        input = {};
        return progress::incomplete;
    }
    // A head in pieces is rare: join them, then give back what lies behind the head.
    const auto known = partial_head_.size();
    partial_head_ += input;
    const auto end = partial_head_.find(head_end);
    if (end == std::string::npos) {
        input = {};
        return progress::incomplete;
    }
    input.remove_prefix(end + head_end.size() - known);
    const std::string head(partial_head_, 0, end);
    partial_head_.clear();
    return begin_body(head) == progress::invalid ? progress::invalid : take(input);
}

answer_reader::progress answer_reader::skip_body(std::uint64_t bytes) {
    body_left_ -= bytes;
    if (body_left_ > 0) return progress::incomplete;
    in_body_ = false;
    return progress::complete;
}

answer_reader::progress answer_reader::begin_body(std::string_view head) {
    const auto read = read_head(head);
    if (!read) return progress::invalid;
    last_ = *read;
    body_left_ = read->length;
    in_body_ = true;
    return progress::incomplete;
}

}  // namespace fairlead::bench
