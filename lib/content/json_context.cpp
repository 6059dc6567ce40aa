#include "content/json_context.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace fairlead::content {
namespace {

bool is_printable(char byte) noexcept { return byte >= 0x20 && byte < 0x7F; }

std::string name_of(char byte) {
    if (byte == '\n' || byte == '\r') return "a line break";
    if (byte == '\t') return "a tab";
    if (is_printable(byte)) return fmt::format("'{}'", byte);
    return fmt::format("byte 0x{:02X}", static_cast<unsigned char>(byte));
}

/// `\uD8xx` to `\uDBxx`, of which a second half has to follow.
bool is_high_surrogate(std::string_view escape) {
    return escape.size() == 6 && escape.starts_with("\\u") && to_lower(escape[2]) == 'd' &&
           std::string_view("89ab").find(to_lower(escape[3])) != std::string_view::npos;
}

}  // namespace

std::string json_context::describe(char found, std::string_view before, char last) const {
    if (is_high_surrogate(before)) return "half of a surrogate pair, without its other half";
    if (before.ends_with('\\')) return fmt::format("{} makes no escape", name_of(found));
    // A control character or a broken sequence may stand in a string: what was expected, nobody knows here.
    if (!is_printable(found)) return fmt::format("{} is not allowed here", name_of(found));
    if (!before.empty() && static_cast<unsigned char>(before.back()) >= 0x80)
        return "the byte before it ends no UTF-8";
    const auto wanted = expected(last);
    if (wanted.empty()) return fmt::format("{} is not allowed here", name_of(found));
    if (wanted.starts_with("a value") && std::string_view("tfn").find(found) != std::string_view::npos)
        return "expected true, false or null, found another word";
    return fmt::format("expected {}, found {}", wanted, name_of(found));
}

/// Goes by the last event, and by the byte before, since separators make no event.
std::string_view json_context::expected(char before) const {
    const bool is_in_object = open_.ends_with('{');
    switch (before) {
        case '\0':
        case ':': return "a value";
        case '{': return "a name in quotes or '}'";
        case '[': return "a value or ']'";
        case ',': return is_in_object ? "a name in quotes" : "a value";
        default: break;
    }
    // Within a word or a number: the last event is that of the value before it, or of the bracket.
    if (std::string_view("\"}]el0123456789").find(before) == std::string_view::npos) return {};
    if (last_ == last_event::name) return before == '"' ? "':'" : "";
    if (last_ != last_event::value || open_.empty()) return {};
    return is_in_object ? "',' or '}'" : "',' or ']'";
}

}  // namespace fairlead::content
