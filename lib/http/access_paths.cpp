// The paths of a rule of access.
#include "base/text.hpp"
#include "http/access_rules.hpp"
#include "http/escape.hpp"
#include "http/target.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

bool is_hex_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

/// The first percent-encoded byte, unless the '%' is escaped; empty when there is none.
std::string_view find_encoded(std::string_view pattern) noexcept {
    for (std::size_t at = 0; at + 2 < pattern.size(); ++at) {
        if (pattern[at] == '\\')
            ++at;
        else if (pattern[at] == '%' && is_hex_digit(pattern[at + 1]) && is_hex_digit(pattern[at + 2]))
            return pattern.substr(at, 3);
    }
    return {};
}

/// A rule that denies nothing by mistake is worse than none: its pattern has to fit the paths that it is
/// compared with.
std::optional<std::string> check_reach(std::string_view pattern, const glob& parsed) {
    if (const auto encoded = find_encoded(pattern); !encoded.empty())
        return "paths are decoded before a pattern is compared with them: write the character that " +
               json_string(encoded) + " stands for, or \\% for a percent sign";
    const auto texts = parsed.samples();
    if (std::any_of(texts.begin(), texts.end(), [](const auto& text) { return is_normalised(text); }))
        return std::nullopt;
    return "no path has \"//\", a segment \".\" or \"..\", a backslash or a control character in it, so the "
           "pattern matches none: write the path as it is served";
}

}  // namespace

parse_result<access_rules::paths> access_rules::paths::parse(std::string_view pattern) {
    auto whole = glob::parse(pattern);
    if (!whole) return whole.error();
    if (!whole->literal_prefix().starts_with('/'))
        return std::string("the pattern for paths begins with '/': write it in front");
    if (auto wrong = check_reach(pattern, *whole)) return std::move(*wrong);
    paths parsed(std::move(*whole));
    constexpr std::string_view all_behind = "**";
    if (!pattern.ends_with(all_behind)) return parsed;
    // Where an escape is cut in two, the end was no wildcard.
    const auto front = glob::parse(pattern.substr(0, pattern.size() - all_behind.size()));
    parsed.takes_all_behind_ =
        front && !front->has_wildcards() && front->literal_prefix() == parsed.pattern_.literal_prefix();
    if (!pattern.ends_with("/**") || pattern.size() == 3) return parsed;
    if (auto folder = glob::parse(pattern.substr(0, pattern.size() - 3))) parsed.folder_ = std::move(*folder);
    return parsed;
}

bool access_rules::paths::include(const paths& other) const noexcept {
    if (!other.pattern_.has_wildcards()) return match(other.pattern_.literal_prefix());
    return takes_all_behind_ && other.pattern_.literal_prefix().starts_with(pattern_.literal_prefix());
}

bool access_rules::paths::can_match_below(std::string_view path) const noexcept {
    const auto prefix = pattern_.literal_prefix();
    const bool is_below = prefix == path || (prefix.starts_with(path) && prefix[path.size()] == '/');
    return is_below || match(path) ||
           (pattern_.has_wildcards() && (std::string(path) + "/").starts_with(prefix));
}

}  // namespace fairlead::http
