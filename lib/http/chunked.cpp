#include "http/chunked.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::http {
namespace {

constexpr unsigned char cr = '\r';
constexpr unsigned char lf = '\n';

bool is_space(unsigned char byte) noexcept { return byte == ' ' || byte == '\t'; }
bool is_tchar(unsigned char byte) noexcept { return is_token_char(static_cast<char>(byte)); }
/// HTAB, SP, VCHAR or obs-text: what a field value and a quoted string may hold.
bool is_text(unsigned char byte) noexcept { return byte == '\t' || (byte >= 0x20 && byte != 0x7F); }

int hex_value(unsigned char byte) noexcept {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

}  // namespace

result<chunked_decoder::step> chunked_decoder::decode(std::span<const char> in, std::span<char> out) {
    step done;
    while (done.consumed < in.size() && state_ != state::done) {
        if (state_ == state::data) {
            const auto room = std::min(in.size() - done.consumed, out.size() - done.produced);
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room, chunk_));
            if (count == 0) break;
            std::memmove(out.data() + done.produced, in.data() + done.consumed, count);
            done.consumed += count;
            done.produced += count;
            produced_ += count;
            chunk_ -= count;
            if (chunk_ == 0) state_ = state::data_cr;
            continue;
        }
        if (const auto error = take(static_cast<unsigned char>(in[done.consumed]))) {
            state_ = state::failed;
            return error;
        }
        ++done.consumed;
    }
    return done;
}

error_code chunked_decoder::take(unsigned char byte) {
    switch (state_) {
        case state::size_first:
        case state::size: return take_size(byte);
        case state::data_cr:
            if (byte != cr) return errc::bad_framing;
            state_ = state::data_lf;
            return {};
        case state::data_lf:
            if (byte != lf) return errc::bad_framing;
            state_ = state::size_first;
            return {};
        case state::size_lf:
            if (byte != lf) return errc::bad_framing;
            state_ = chunk_ == 0 ? state::trailer_first : state::data;
            return {};
        case state::trailer_first:
        case state::trailer_name:
        case state::trailer_value:
        case state::trailer_lf:
        case state::end_lf: return take_trailer(byte);
        case state::data:
        case state::done:
        case state::failed: return errc::bad_framing;
        default: return take_extension(byte);
    }
}

error_code chunked_decoder::take_size(unsigned char byte) noexcept {
    const bool is_first = state_ == state::size_first;
    const int digit = hex_value(byte);
    if (digit < 0) return is_first ? error_code(errc::bad_framing) : end_of_size_line(byte);
    if (is_first) {
        chunk_ = 0;
        digits_ = 0;
        state_ = state::size;
    }
    if (++digits_ > max_size_digits || chunk_ >> 60 != 0) return errc::bad_framing;
    chunk_ = chunk_ * 16 + static_cast<unsigned>(digit);
    return {};
}

/// What may follow a size, an extension name or an extension value: the end of the line, or `BWS ";"`.
error_code chunked_decoder::end_of_size_line(unsigned char byte) noexcept {
    if (byte == cr) {
        state_ = state::size_lf;
        return {};
    }
    if (++extension_bytes_ > max_extension_bytes) return errc::too_large;
    if (byte == ';')
        state_ = state::extension_name_first;
    else if (is_space(byte))
        state_ = state::before_semicolon;
    else
        return errc::bad_framing;
    return {};
}

error_code chunked_decoder::take_extension(unsigned char byte) noexcept {
    const bool is_in_token =
        (state_ == state::extension_name || state_ == state::extension_token) && is_tchar(byte);
    const bool is_complete = state_ == state::extension_token || state_ == state::extension_end ||
                             (state_ == state::extension_name && byte != '=' && !is_space(byte));
    if (!is_in_token && is_complete) return end_of_size_line(byte);
    if (++extension_bytes_ > max_extension_bytes) return errc::too_large;
    if (is_in_token) return {};
    switch (state_) {
        case state::before_semicolon:
            if (byte == ';')
                state_ = state::extension_name_first;
            else if (!is_space(byte))
                return errc::bad_framing;
            return {};
        case state::extension_name_first:
            if (is_tchar(byte))
                state_ = state::extension_name;
            else if (!is_space(byte))
                return errc::bad_framing;
            return {};
        case state::extension_name:
        case state::extension_name_space:
            if (byte == '=')
                state_ = state::extension_value_first;
            else if (byte == ';')
                state_ = state::extension_name_first;
            else if (is_space(byte))
                state_ = state::extension_name_space;
            else
                return errc::bad_framing;
            return {};
        case state::extension_value_first:
            if (byte == '"')
                state_ = state::extension_quoted;
            else if (is_tchar(byte))
                state_ = state::extension_token;
            else if (!is_space(byte))
                return errc::bad_framing;
            return {};
        case state::extension_quoted:
            if (byte == '"')
                state_ = state::extension_end;
            else if (byte == '\\')
                state_ = state::extension_escape;
            else if (!is_text(byte))
                return errc::bad_framing;
            return {};
        case state::extension_escape:
            state_ = state::extension_quoted;
            return is_text(byte) ? error_code() : error_code(errc::bad_framing);
        default: return errc::bad_framing;
    }
}

error_code chunked_decoder::take_trailer(unsigned char byte) {
    if (state_ == state::end_lf) {
        if (byte != lf) return errc::bad_framing;
        state_ = state::done;
        return {};
    }
    if (state_ == state::trailer_first && byte == cr) {
        state_ = state::end_lf;
        return {};
    }
    if (trailer_.size() == max_trailer_bytes) return errc::too_large;
    trailer_.push_back(static_cast<char>(byte));
    return step_trailer(byte);
}

/// Takes a byte of a line.
error_code chunked_decoder::step_trailer(unsigned char byte) noexcept {
    switch (state_) {
        case state::trailer_first:
            if (!is_tchar(byte)) return errc::bad_framing;
            state_ = state::trailer_name;
            return {};
        case state::trailer_name:
            if (byte == ':')
                state_ = state::trailer_value;
            else if (!is_tchar(byte))
                return errc::bad_framing;
            return {};
        case state::trailer_value:
            if (byte == cr)
                state_ = state::trailer_lf;
            else if (!is_text(byte))
                return errc::bad_framing;
            return {};
        default:  // trailer_lf
            if (byte != lf) return errc::bad_framing;
            state_ = state::trailer_first;
            return {};
    }
}

std::vector<field_view> lines_of_trailer(std::string_view trailer) {
    std::vector<field_view> lines;
    while (!trailer.empty()) {
        const auto line = trailer.substr(0, trailer.find('\r'));
        trailer.remove_prefix(std::min(line.size() + 2, trailer.size()));
        const auto name = line.substr(0, line.find(':'));
        const auto value = trim(line.substr(std::min(name.size() + 1, line.size())));
        lines.push_back({boost::beast::http::string_to_field(name), name, value});
    }
    return lines;
}

}  // namespace fairlead::http
