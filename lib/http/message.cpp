#include "http/message.hpp"

#include "base/text.hpp"

namespace fairlead::http {

std::uint64_t body_length(const body& value) noexcept {
    struct visitor {
        std::uint64_t operator()(std::monostate) const noexcept { return 0; }
        std::uint64_t operator()(const std::string& text) const noexcept { return text.size(); }
        std::uint64_t operator()(const memory_slice& slice) const noexcept { return slice.bytes.size(); }
        std::uint64_t operator()(const file_slice& slice) const noexcept { return slice.length; }
    };
    return std::visit(visitor{}, value);
}

bool field_block::add(std::string_view name, std::string_view value) {
    constexpr std::string_view forbidden("\r\n\0", 3);
    if (name.empty() || name.find_first_of(forbidden) != std::string_view::npos ||
        value.find_first_of(forbidden) != std::string_view::npos)
        return false;
    text_.reserve(text_.size() + name.size() + value.size() + 4);
    text_.append(name).append(": ").append(value).append("\r\n");
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
