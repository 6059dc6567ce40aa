#include "content/fastcgi.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::content::fastcgi {
namespace {

constexpr char version = 1;
constexpr char role_responder = 1;
constexpr char keep_connection_flag = 1;
constexpr std::size_t end_size = 8;
constexpr std::size_t begin_size = header_size + 8;
constexpr std::size_t usual_size = 1536;  // of the head of a request

unsigned byte_at(const record_header& bytes, std::size_t at) noexcept {
    return static_cast<unsigned char>(bytes[at]);
}

unsigned two_bytes_at(const record_header& bytes, std::size_t at) noexcept {
    return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

void append(std::string& out, const record_header& header) { out.append(header.data(), header.size()); }

constexpr std::size_t longest_length = 4;

/// One byte below 128, else four with the top bit set.
char* put_length(char* out, std::size_t length) noexcept {
    const auto word = static_cast<std::uint32_t>(length);
    if (length < 128) {
        *out++ = static_cast<char>(word);
        return out;
    }
    for (int shift = 24; shift >= 0; shift -= 8)
        *out++ = static_cast<char>((word | 0x8000'0000U) >> shift & 0xFF);
    return out;
}

/// Bytes that a pair takes at most.
std::size_t room_of(std::string_view name, std::string_view value) noexcept {
    return name.size() + value.size() + 2 * longest_length;
}

/// Returns the place behind it.
char* put_pair(char* out, std::string_view name, std::string_view value) noexcept {
    out = put_length(out, name.size());
    return put(put(put_length(out, value.size()), name), value);
}

}  // namespace

record_header header_of(record_type type, std::size_t length, std::uint16_t request) noexcept {
    return {version,
            static_cast<char>(type),
            static_cast<char>(request >> 8),
            static_cast<char>(request & 0xFF),
            static_cast<char>(length >> 8 & 0xFF),
            static_cast<char>(length & 0xFF),
            0,
            0};
}

bool name_value_pairs::add(std::string_view name, std::string_view value) {
    if (!http::is_variable_value(value)) return false;
    const auto begin = bytes_.size();
    bytes_.resize(begin + room_of(name, value));
    bytes_.resize(static_cast<std::size_t>(put_pair(bytes_.data() + begin, name, value) - bytes_.data()));
    return true;
}

request_head::request_head(std::string& text, std::uint16_t request, bool keep_connection)
    : request_(request), text_(text) {
    if (text_.size() < usual_size) text_.resize(usual_size);
    size_ = begin_size + header_size;
    char* out = text_.data();
    const auto header = header_of(record_type::begin_request, begin_size - header_size, request_);
    const char body[] = {0, role_responder, keep_connection ? keep_connection_flag : char{0}, 0, 0, 0, 0, 0};
    out = put(out, {header.data(), header.size()});
    put(out, {body, sizeof body});  // behind it the header of the first PARAMS, whose length is not known yet
}

/// Where the next bytes go, at most `size`.
char* request_head::room_for(std::size_t size) {
    if (text_.size() - size_ < size) text_.resize(std::max(size_ + size, 2 * text_.size()));
    return text_.data() + size_;
}

bool request_head::add(std::string_view name, std::string_view value) {
    if (!http::is_variable_value(value)) return false;
    char* const out = room_for(room_of(name, value));
    size_ += static_cast<std::size_t>(put_pair(out, name, value) - out);
    return true;
}

void request_head::add(const name_value_pairs& pairs) {
    put(room_for(pairs.bytes().size()), pairs.bytes());
    size_ += pairs.bytes().size();
}

void request_head::finish(bool has_no_body) {
    constexpr std::size_t first = begin_size + header_size;
    text_.resize(size_);
    const auto write_header = [this](std::size_t at, std::size_t length) {
        const auto header = header_of(record_type::params, length, request_);
        std::memcpy(text_.data() + at, header.data(), header.size());
    };
    const auto total = text_.size() - first;
    if (total > most_content) {
        // Rare: what does not fit into one record moves back to make room for the headers of the others.
        const auto rest = text_.substr(first + most_content);
        text_.resize(first + most_content);
        for (std::size_t at = 0; at < rest.size(); at += most_content) {
            const auto piece = std::string_view(rest).substr(at, most_content);
            append(text_, header_of(record_type::params, piece.size(), request_));
            text_.append(piece);
        }
    }
    if (total > 0) {
        write_header(begin_size, std::min(total, most_content));
        append(text_, header_of(record_type::params, 0, request_));
    } else {
        write_header(begin_size, 0);
    }
    if (has_no_body) append(text_, header_of(record_type::standard_input, 0, request_));
}

std::string abort_request(std::uint16_t request) {
    std::string out;
    append(out, header_of(record_type::abort_request, 0, request));
    return out;
}

/// Fills `small_` from the front of the input. Returns how much it took.
std::size_t record_reader::gather(std::span<const char> input) noexcept {
    const auto size = std::min(input.size(), small_.size() - gathered_);
    if (size > 0) std::memcpy(small_.data() + gathered_, input.data(), size);
    gathered_ = static_cast<std::uint8_t>(gathered_ + size);
    return size;
}

/// What is wrong with the header in `small_`, or nothing.
std::string_view record_reader::check_header() noexcept {
    if (small_[0] != version) return "a record has another version than 1";
    if (two_bytes_at(small_, 2) == 0) return "a management record came, which answers what was not asked";
    has_met_another_ = two_bytes_at(small_, 2) != request_;
    if (has_met_another_) return "a record belongs to another request";
    type_ = static_cast<record_type>(small_[1]);
    content_ = static_cast<std::uint16_t>(two_bytes_at(small_, 4));
    padding_ = static_cast<std::uint8_t>(byte_at(small_, 6));
    switch (type_) {
        case record_type::standard_output:
        case record_type::standard_error: return {};
        case record_type::end_request:
            if (content_ != end_size) return "END_REQUEST has another length than 8";
            return {};
        default: return "a record has a type that no application may send";
    }
}

/// Reads the content of END_REQUEST in `small_`; what is wrong with it, or nothing.
std::string_view record_reader::check_end() noexcept {
    application_status_ = static_cast<std::uint32_t>(two_bytes_at(small_, 0)) << 16 | two_bytes_at(small_, 2);
    if (byte_at(small_, 4) > 3) return "END_REQUEST has a status that the protocol does not know";
    status_ = static_cast<protocol_status>(byte_at(small_, 4));
    return {};
}

record_reader::step record_reader::fail(std::string_view sentence) noexcept {
    phase_ = phase::failed;
    error_ = sentence;
    return {0, event::error, {}, error_};
}

record_reader::step record_reader::feed(std::span<const char> input) noexcept {
    std::size_t used = 0;
    for (;;) {
        const auto rest = input.subspan(used);
        if (phase_ == phase::failed) return {used, event::error, {}, error_};
        if (phase_ == phase::padding && padding_ == 0) {
            const bool is_end = type_ == record_type::end_request;
            phase_ = is_end ? phase::ended : phase::header;
            gathered_ = 0;
            if (is_end) return {used, event::end, {}, {}};
            continue;
        }
        if (rest.empty()) return {used, event::need_more, {}, {}};
        if (phase_ == phase::ended) return fail("bytes came behind END_REQUEST");

        if (phase_ == phase::padding) {
            const auto size = std::min<std::size_t>(rest.size(), padding_);
            padding_ = static_cast<std::uint8_t>(padding_ - size);
            used += size;
        } else if (phase_ == phase::content) {
            const auto size = std::min<std::size_t>(rest.size(), content_);
            content_ = static_cast<std::uint16_t>(content_ - size);
            if (content_ == 0) phase_ = phase::padding;
            const bool is_output = type_ == record_type::standard_output;
            return {used + size, is_output ? event::output : event::error_output, rest.first(size), {}};
        } else {
            used += gather(rest);
            if (gathered_ < small_.size()) continue;
            gathered_ = 0;
            const bool is_header = phase_ == phase::header;
            const auto wrong = is_header ? check_header() : check_end();
            if (!wrong.empty()) return fail(wrong);
            if (!is_header || content_ == 0)
                phase_ = phase::padding;
            else
                phase_ = type_ == record_type::end_request ? phase::end_body : phase::content;
        }
    }
}

}  // namespace fairlead::content::fastcgi
