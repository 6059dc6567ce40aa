#include "content/multipart.hpp"

#include "base/text.hpp"
#include "http/content_disposition.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::content {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view padding = " \t";
constexpr auto bad_line_end =
    "A line with the boundary ends with LF or CR alone, or has too many spaces: end it with CRLF.";

/// bcharsnospace of RFC 2046 section 5.1.1, and the space.
bool is_boundary_char(char c) noexcept {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

}  // namespace

http::parse_result<std::string> multipart_reader::boundary_of(std::string_view content_type) {
    const auto wrong = [](const char* sentence) {
        return http::parse_result<std::string>(boost::system::in_place_error, sentence);
    };
    const auto type = http::parse_media_type(content_type);
    if (!type) return wrong("The Content-Type is malformed: put the boundary in quotes.");
    http::parameter_reader parameters(type->parameters);
    std::optional<std::string> boundary;
    while (const auto parameter = parameters.next()) {
        if (!iequals(parameter->name, "boundary")) continue;
        if (boundary) return wrong("The Content-Type has more than one boundary.");
        boundary = http::unquote(parameter->value);
    }
    if (!boundary) return wrong("The Content-Type has no boundary.");
    if (boundary->empty() || boundary->size() > max_boundary_bytes)
        return wrong("The boundary does not have 1 to 70 characters.");
    if (!std::all_of(boundary->begin(), boundary->end(), is_boundary_char))
        return wrong("The boundary has a character that RFC 2046 does not allow there.");
    if (boundary->back() == ' ') return wrong("The boundary ends with a space.");
    return {boost::system::in_place_value, std::move(*boundary)};
}

multipart_reader::multipart_reader(std::string_view boundary, const multipart_limits& limits)
    : delimiter_(std::string("\r\n--").append(boundary)), limits_(limits), held_(line_end) {}

multipart_reader::step multipart_reader::feed(std::span<const char> input) {
    const std::string_view text(input.data(), input.size());
    step now;
    std::size_t consumed = 0;
    do {
        now = advance(text.substr(consumed));
        consumed += now.consumed;
    } while (now.what == event::need_more && consumed < text.size());
    now.consumed = consumed;
    return now;
}

std::optional<std::string> multipart_reader::finish() const {
    if (phase_ == phase::failed) return error_;
    if (phase_ == phase::close_line || phase_ == phase::epilogue) return std::nullopt;
    return "The body ends before its closing boundary.";
}

/// One move; need_more with text left only means that there is no news.
multipart_reader::step multipart_reader::advance(std::string_view text) {
    switch (phase_) {
        case phase::preamble:
        case phase::data: return held_.empty() ? read_content(text) : resume_line(text);
        case phase::part_line: return begin_part();
        case phase::head: return read_head(text);
        case phase::closing: phase_ = phase::close_line; return {.what = event::end};
        case phase::close_line:
        case phase::close_cr: return text.empty() ? step{} : read_close_line(text.front());
        case phase::epilogue: return {.consumed = text.size()};
        case phase::failed: break;
    }
    return {.what = event::error, .error = error_};
}

/// What `text`, which begins with CR, begins with.
multipart_reader::line_match multipart_reader::match_line(std::string_view text) const noexcept {
    const auto common = std::min(text.size(), delimiter_.size());
    if (text.substr(0, common) != std::string_view(delimiter_).substr(0, common)) return {};
    auto tail = text.substr(common, max_padding_bytes + line_end.size());
    if (tail.starts_with("--")) return {line_kind::closes, common + 2};
    if (tail.empty() || tail == "-") return {line_kind::undecided};
    const auto padded = std::min(tail.find_first_not_of(padding), tail.size());
    if (padded > max_padding_bytes) return {line_kind::broken};
    tail.remove_prefix(padded);
    if (tail.empty() || tail == "\r") return {line_kind::undecided};
    if (tail.starts_with(line_end)) return {line_kind::divides, common + padded + line_end.size()};
    return {tail.front() == '\r' || tail.front() == '\n' ? line_kind::broken : line_kind::other};
}

multipart_reader::step multipart_reader::read_content(std::string_view text) {
    line_match found;
    auto at = text.find('\r');
    // Linear whatever the text: the delimiter has one CR, so no byte is compared for two of them.
    while (at != std::string_view::npos) {
        found = match_line(text.substr(at));
        if (found.kind != line_kind::other) break;
        at = text.find('\r', at + 1);
    }
    at = std::min(at, text.size());
    if (at > 0 || text.empty()) return hand_out(text.substr(0, at), at);
    if (found.kind != line_kind::undecided) return take_line(found.kind, found.length);
    held_ = text;
    return {.consumed = text.size()};
}

/// Goes on with a line that began in an earlier input.
multipart_reader::step multipart_reader::resume_line(std::string_view text) {
    const auto before = held_.size();
    const auto longest = delimiter_.size() + max_padding_bytes + line_end.size();
    held_.append(text.substr(0, longest - before));
    const auto found = match_line(held_);
    if (found.kind == line_kind::undecided) return {.consumed = text.size()};
    held_.resize(before);
    if (found.kind != line_kind::other) return take_line(found.kind, found.length - before);
    given_.swap(held_);
    held_.clear();
    const auto content = std::string_view(given_).substr(std::exchange(absent_, 0));
    return hand_out(content, 0);
}

multipart_reader::step multipart_reader::take_line(line_kind kind, std::size_t consumed) {
    if (kind == line_kind::broken) return fail(bad_line_end);
    held_.clear();
    const bool has_part = phase_ == phase::data;
    if (kind == line_kind::divides) {
        phase_ = phase::part_line;
        return {.consumed = consumed, .what = has_part ? event::part_end : event::need_more};
    }
    phase_ = has_part ? phase::closing : phase::close_line;
    return {.consumed = consumed, .what = has_part ? event::part_end : event::end};
}

multipart_reader::step multipart_reader::hand_out(std::string_view text, std::size_t consumed) {
    if (text.empty()) return {.consumed = consumed};
    if (phase_ == phase::data) return {.consumed = consumed, .what = event::data, .data = text};
    preamble_bytes_ += text.size();
    if (preamble_bytes_ > max_preamble_bytes)
        return fail("The body does not begin with the boundary that the Content-Type names.");
    return {.consumed = consumed};
}

multipart_reader::step multipart_reader::begin_part() {
    if (++parts_ > limits_.max_parts)
        return fail("The form has more parts than the limit of " + std::to_string(limits_.max_parts) +
                    " (uploads.max_parts).");
    part_ = {};
    header_bytes_ = 0;
    header_lines_ = 0;
    has_disposition_ = false;
    phase_ = phase::head;
    return {};
}

multipart_reader::step multipart_reader::read_head(std::string_view text) {
    const auto lf = text.find('\n');
    const auto size = lf == std::string_view::npos ? text.size() : lf + 1;
    if (size > limits_.max_header_bytes - header_bytes_)
        return fail("A part has more than " + std::to_string(limits_.max_header_bytes) +
                    " bytes of header lines.");
    header_bytes_ += size;
    line_.append(text.substr(0, size));
    if (lf == std::string_view::npos) return {.consumed = size};
    std::string_view line = line_;
    if (!line.ends_with(line_end)) return fail("A header line of a part does not end with CRLF.");
    line.remove_suffix(line_end.size());
    if (line.empty()) return end_head(size);
    if (auto wrong = read_field(line)) return fail(std::move(*wrong));
    line_.clear();
    return {.consumed = size};
}

multipart_reader::step multipart_reader::end_head(std::size_t consumed) {
    if (!has_disposition_) return fail("A part has no Content-Disposition.");
    line_.clear();
    phase_ = phase::data;
    // The CRLF of the empty line may be that of a line that divides: then the part has no content.
    held_ = line_end;
    absent_ = line_end.size();
    return {.consumed = consumed, .what = event::part_begin};
}

std::optional<std::string> multipart_reader::read_field(std::string_view line) {
    if (++header_lines_ > limits_.max_header_lines)
        return "A part has more than " + std::to_string(limits_.max_header_lines) + " header lines.";
    if (padding.find(line.front()) != std::string_view::npos) return "A header line of a part is folded.";
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return "A header line of a part has no colon.";
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (!http::is_token(name)) return "A header line of a part has a malformed name.";
    if (!http::is_field_content(value)) return "A header line of a part has a control byte.";
    if (iequals(name, "Content-Disposition")) {
        if (std::exchange(has_disposition_, true)) return "A part has more than one Content-Disposition.";
        auto parsed = http::parse_content_disposition(value);
        if (!parsed) return parsed.error();
        const auto filename_size = parsed->filename ? parsed->filename->size() : 0;
        if (std::max(parsed->name.size(), filename_size) > limits_.max_name_bytes)
            return "A part has a name of more than " + std::to_string(limits_.max_name_bytes) + " bytes.";
        part_.name = std::move(parsed->name);
        part_.filename = std::move(parsed->filename);
    } else if (iequals(name, "Content-Type")) {
        if (!part_.content_type.empty()) return "A part has more than one Content-Type.";
        const auto type = http::parse_media_type(value);
        if (!type) return "The Content-Type of a part is malformed.";
        if (iequals(type->type, "multipart")) return "A part is multipart itself, which is not taken.";
        part_.content_type = value;
    } else if (iequals(name, "Content-Transfer-Encoding")) {
        if (!iequals(value, "7bit") && !iequals(value, "8bit") && !iequals(value, "binary"))
            return "A part has a Content-Transfer-Encoding: send it as it is (binary).";
    } else if (iequals(name, "Content-Encoding")) {
        return "A part has a Content-Encoding: send it as it is.";
    } else if (iequals(name, "Content-Digest")) {
        if (!part_.content_digest.empty()) return "A part has more than one Content-Digest.";
        part_.content_digest = value;
    } else if (iequals(name, "Repr-Digest")) {
        if (!part_.repr_digest.empty()) return "A part has more than one Repr-Digest.";
        part_.repr_digest = value;
    }
    return std::nullopt;
}

/// Behind the closing boundary: padding, then CRLF or the end of the body.
multipart_reader::step multipart_reader::read_close_line(char byte) {
    const bool is_after_cr = phase_ == phase::close_cr;
    if (is_after_cr != (byte == '\n')) return fail(bad_line_end);
    if (is_after_cr) {
        phase_ = phase::epilogue;
    } else if (byte == '\r') {
        phase_ = phase::close_cr;
    } else {
        if (padding.find(byte) == std::string_view::npos)
            return fail("The line of the closing boundary goes on behind it.");
        if (++padding_bytes_ > max_padding_bytes) return fail(bad_line_end);
    }
    return {.consumed = 1};
}

multipart_reader::step multipart_reader::fail(std::string sentence) {
    phase_ = phase::failed;
    error_ = std::move(sentence);
    return {.what = event::error, .error = error_};
}

}  // namespace fairlead::content
