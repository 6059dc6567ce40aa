#include "http/message.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

// Room for the lines of most answers.
constexpr std::size_t first_lines = 240;

/// True for text with CR, LF or NUL. find_first_of() would call memchr for each character.
bool ends_line(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) <= '\r' && (c == '\r' || c == '\n' || c == '\0');
    });
}

}  // namespace

std::uint64_t file_slice::total_length() const noexcept {
    if (parts.empty()) return length;
    std::uint64_t total = 0;
    for (const auto& part : parts) total += part.lead.size() + part.length;
    return total;
}

std::uint64_t body_length(const body& value) noexcept {
    struct visitor {
        std::uint64_t operator()(std::monostate) const noexcept { return 0; }
        std::uint64_t operator()(const std::string& text) const noexcept { return text.size(); }
        std::uint64_t operator()(const memory_slice& slice) const noexcept { return slice.bytes.size(); }
        std::uint64_t operator()(const file_slice& slice) const noexcept { return slice.total_length(); }
        std::uint64_t operator()(const stream_body& made) const noexcept { return made.length.value_or(0); }
        std::uint64_t operator()(const tunnel_body&) const noexcept { return 0; }
    };
    return std::visit(visitor{}, value);
}

bool field_block::add(std::string_view name, std::string_view value) {
    if (name.empty() || ends_line(name) || ends_line(value)) return false;
    if (text_.empty()) text_.reserve(first_lines);
    const auto begin = text_.size();
    text_.resize(begin + name.size() + value.size() + 4);
    put(put(put(put(text_.data() + begin, name), ": "), value), "\r\n");
    return true;
}

std::string_view field_block::get(std::string_view name) const noexcept {
    std::string_view rest = text_;
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        const auto line = rest.substr(0, end);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && iequals(line.substr(0, colon), name))
            return trim(line.substr(colon + 1));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 2);
    }
    return {};
}

}  // namespace fairlead::http
