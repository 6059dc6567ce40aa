#include "telemetry/escape.hpp"

#include "base/text.hpp"

#include <array>
#include <cstdint>

namespace fairlead::telemetry {
namespace {

constexpr std::uint8_t bit(escape_form form) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(form));
}

/// For each byte, the forms in which it stands for itself. Bytes from 0x80 are looked at as UTF-8 instead.
constexpr auto plain_forms = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0x20; c < 0x7F; ++c) {
        table[c] = bit(escape_form::message);
        if (c == '"' || c == '\\') continue;
        table[c] |= bit(escape_form::quoted) | bit(escape_form::nginx) | bit(escape_form::json);
        if (c != ' ' && c != '=') table[c] |= bit(escape_form::word);
    }
    return table;
}();

void append_hex(line_buffer& out, std::string_view bytes) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        const char text[] = {'\\', 'x', digits[value >> 4], digits[value & 15]};
        append(out, {text, sizeof text});
    }
}

void append_ascii(line_buffer& out, char c, escape_form form) {
    const bool has_backslash_form =
        (c == '"' || c == '\\') && form != escape_form::word && form != escape_form::nginx;
    if (has_backslash_form) {
        out.push_back('\\');
        out.push_back(c);
    } else if (form != escape_form::json) {
        append_hex(out, {&c, 1});
    } else if (c == '\n') {
        append(out, "\\n");
    } else if (c == '\t') {
        append(out, "\\t");
    } else if (c == '\r') {
        append(out, "\\r");
    } else {
        fmt::format_to(fmt::appender(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
}

/// The well-formed character of several bytes that `text` begins with, or nothing.
std::string_view leading_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (length > text.size()) return {};
    const auto character = text.substr(0, length);
    return is_valid_utf8(character) ? character : std::string_view{};
}

/// The code point of a character of two or three bytes if it would change how the rest of the line is read:
/// C1 controls, line and paragraph separators, direction marks. Otherwise 0.
unsigned hidden_code_point(std::string_view character) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(character[i]) & 0x3Fu; };
    if (character.size() == 2) {
        const unsigned value = (static_cast<unsigned char>(character[0]) & 0x1Fu) << 6 | at(1);
        return value < 0xA0 || value == 0x61C ? value : 0;
    }
    if (character.size() != 3) return 0;
    const unsigned value = (static_cast<unsigned char>(character[0]) & 0x0Fu) << 12 | at(1) << 6 | at(2);
    const bool is_hidden = value == 0x200E || value == 0x200F || (value >= 0x2028 && value <= 0x202E) ||
                           (value >= 0x2066 && value <= 0x2069);
    return is_hidden ? value : 0;
}

/// Appends what `text` begins with, a byte from 0x80, and returns how many bytes that took.
std::size_t append_beyond_ascii(line_buffer& out, std::string_view text, escape_form form) {
    const bool is_ascii_form = form == escape_form::word || form == escape_form::nginx;
    const auto character = is_ascii_form ? std::string_view{} : leading_character(text);
    if (character.empty()) {
        if (form == escape_form::json)
            append(out, "\\ufffd");
        else
            append_hex(out, text.substr(0, 1));
        return 1;
    }
    const unsigned hidden = hidden_code_point(character);
    if (hidden == 0)
        append(out, character);
    else if (form == escape_form::json)
        fmt::format_to(fmt::appender(out), "\\u{:04x}", hidden);
    else
        append_hex(out, character);
    return character.size();
}

}  // namespace

void append_escaped(line_buffer& out, std::string_view text, escape_form form) {
    const std::uint8_t plain = bit(form);
    while (!text.empty()) {
        std::size_t run = 0;
        while (run < text.size() && (plain_forms[static_cast<unsigned char>(text[run])] & plain) != 0) ++run;
        append(out, text.substr(0, run));
        text.remove_prefix(run);
        if (text.empty()) return;
        if (static_cast<unsigned char>(text.front()) >= 0x80) {
            text.remove_prefix(append_beyond_ascii(out, text, form));
        } else {
            append_ascii(out, text.front(), form);
            text.remove_prefix(1);
        }
    }
}

std::string escape_for_log(std::string_view text, escape_form form) {
    line_buffer out;
    append_escaped(out, text, form);
    return fmt::to_string(out);
}

}  // namespace fairlead::telemetry
