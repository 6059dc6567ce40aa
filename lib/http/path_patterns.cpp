#include "http/path_patterns.hpp"

#include "http/target.hpp"

#include <algorithm>
#include <functional>

namespace fairlead::http {
namespace {

/// `encode_path` strips leading slashes, which a part of a path may have: so it gets another first character.
void append_capture(std::string& out, std::string_view text, capture_template::form how) {
    using form = capture_template::form;
    if (how == form::plain) {
        out += text;
        return;
    }
    const auto encoded = encode_path("x" + std::string(text));
    append_encoded(out, std::string_view(encoded).substr(2), how == form::query ? "&=+;" : "");
}

}  // namespace

bool is_uri_byte(char c) noexcept {
    return c > ' ' && c < 0x7F && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

void append_encoded(std::string& out, std::string_view text, std::string_view more) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_uri_byte(c) && more.find(c) == std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
}

parse_result<capture_template> capture_template::parse(std::string_view text, unsigned capture_count) {
    capture_template parsed;
    piece next;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '$') {
            next.text += text[at];
            continue;
        }
        const char what = ++at < text.size() ? text[at] : '\0';
        if (what == '$') {
            next.text += '$';
            continue;
        }
        if (what < '1' || what > '9')
            return std::string(
                "a '$' stands before the number of a capture, 1 to 9: write $$ for the character");
        next.capture = static_cast<unsigned>(what - '0');
        if (next.capture > capture_count)
            return "$" + std::to_string(next.capture) + " is not there: the pattern has " +
                   std::to_string(capture_count) + " captures, one for each wildcard and each {}";
        parsed.pieces_.push_back(std::move(next));
        next = {};
    }
    parsed.pieces_.push_back(std::move(next));
    return parsed;
}

bool capture_template::append_to(std::string& out, const glob::captures& captures, form how,
                                 std::size_t most_bytes) const {
    for (const auto& [text, capture] : pieces_) {
        out += text;
        if (capture != 0) append_capture(out, captures[capture - 1], how);
        if (out.size() > most_bytes) return false;
    }
    return true;
}

std::size_t path_patterns::hash::operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
}

parse_result<glob> path_patterns::parse(std::string_view from) const {
    auto pattern = glob::parse(from);
    if (!pattern) return pattern;
    const auto prefix = pattern->literal_prefix();
    if (!prefix.starts_with('/'))
        return std::string("a pattern for paths begins with '/': write it in front");
    const bool is_known = pattern->has_wildcards()
                              ? std::any_of(wildcards_.begin(), wildcards_.end(),
                                            [&](std::size_t at) { return rules_[at].text == from; })
                              : exact_.contains(prefix);
    if (is_known) return std::string("an earlier rule has the same pattern: keep one of them");
    return pattern;
}

void path_patterns::add(std::string_view from, glob pattern) {
    if (pattern.has_wildcards())
        wildcards_.push_back(rules_.size());
    else
        exact_.emplace(pattern.literal_prefix(), rules_.size());
    rules_.push_back({std::string(from), std::move(pattern)});
}

std::optional<path_patterns::match> path_patterns::find(std::string_view path) const noexcept {
    match found{.rule = rules_.size(), .captures = {}};
    if (!exact_.empty())
        if (const auto at = exact_.find(path); at != exact_.end()) found.rule = at->second;
    for (const auto at : wildcards_) {
        // The exact rule stands above those that are left.
        if (at > found.rule) break;
        if (!rules_[at].pattern.match(path, found.captures)) continue;
        found.rule = at;
        return found;
    }
    if (found.rule == rules_.size()) return std::nullopt;
    return found;
}

}  // namespace fairlead::http
