#include "http/redirect_rules.hpp"

#include "base/text.hpp"
#include "http/host.hpp"
#include "http/target.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace fairlead::http {
namespace {

using reason = std::optional<std::string>;

/// What a rule may add to a path at most, and the longest path that a search for loops follows.
constexpr std::size_t slack_bytes = 4096;

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_hex_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

status status_of(std::string_view word) noexcept {
    constexpr std::array known{status::moved_permanently,  status::found,
                               status::see_other,          status::temporary_redirect,
                               status::permanent_redirect, status::gone};
    const auto code = parse_decimal(word).value_or(0);
    const auto* found = std::find_if(known.begin(), known.end(),
                                     [&](status one) { return static_cast<unsigned>(one) == code; });
    return found == known.end() || word.size() != 3 ? status::unknown : *found;
}

reason check_uri_text(std::string_view text) {
    if (text.find('\\') != std::string_view::npos) return "a target has no backslash: write '/'";
    if (!std::all_of(text.begin(), text.end(), is_uri_byte))
        return "a target is URI text: percent-encode spaces, control characters, \"<>^`{|} and what is not "
               "ASCII";
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1))
        if (at + 2 >= text.size() || !is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2]))
            return "a '%' stands before two hexadecimal digits: write %25 for the character";
    return std::nullopt;
}

/// Checks where a target leads to. `path` is a target without query and fragment.
reason check_place(std::string_view path) {
    if (path.starts_with("//"))
        return "a target that begins with \"//\" names another host: write one '/', or https://";
    if (path.starts_with('/')) return std::nullopt;
    const auto colon = path.find("://");
    const auto scheme = path.substr(0, colon);
    if (colon == std::string_view::npos || !(iequals(scheme, "http") || iequals(scheme, "https")))
        return "a target begins with '/', http:// or https://, behind a status and one space if there is one";
    const auto rest = path.substr(colon + 3);
    const auto authority = rest.substr(0, rest.find('/'));
    // What a client sent would choose where it, or another client, is led to.
    if (authority.find('$') != std::string_view::npos)
        return "captures cannot stand in the host of a target: write the host, and '/' before the capture";
    if (authority.find('@') != std::string_view::npos)
        return "a target has no user information: write the host only";
    if (!parse_host(authority))
        return "the host of a target is malformed: write a name or address, and a port if need be";
    return std::nullopt;
}

/// Checks the right side of a rewrite.
reason check_rewrite(std::string_view to) {
    if (to.size() > max_rule_target_bytes)
        return "a path has at most " + std::to_string(max_rule_target_bytes) + " bytes: write a shorter one";
    if (!to.starts_with('/')) return "a rewrite leads to a path of this server: begin it with '/'";
    if (to.find_first_of("?#") != std::string_view::npos)
        return "a rewrite leads to a path: leave out '?' and '#', the query of the request stays as it is";
    if (to.find('%') != std::string_view::npos)
        return "the path of a rewrite is not encoded: write characters as they are";
    if (to.find('\\') != std::string_view::npos || std::any_of(to.begin(), to.end(), is_control) ||
        !is_valid_utf8(to))
        return "the path of a rewrite has no backslash, no control characters, and is UTF-8: leave out what "
               "is not";
    const auto segments = split(to.substr(1), '/');
    for (std::size_t i = 0; i < segments.size(); ++i)
        if (segments[i] == "." || segments[i] == ".." || (segments[i].empty() && i + 1 < segments.size()))
            return "the path of a rewrite has no segment \".\" or \"..\" and no \"//\": write where it leads "
                   "to";
    return std::nullopt;
}

parse_result<capture_template> parse_rewrite(std::string_view to, unsigned captures) {
    if (auto wrong = check_rewrite(to)) return std::move(*wrong);
    return capture_template::parse(to, captures);
}

/// Appends a rule to both sides; `parse` reads the right one for a number of captures.
template <class Target, class Parse>
reason add_rule(path_patterns& patterns, std::vector<Target>& targets, std::string_view from,
                std::string_view to, Parse parse) {
    auto pattern = patterns.parse(from);
    if (!pattern) return pattern.error();
    auto target = parse(to, pattern->capture_count());
    if (!target) return target.error();
    patterns.add(from, std::move(*pattern));
    targets.push_back(std::move(*target));
    return std::nullopt;
}

}  // namespace

parse_result<redirect_rules::target> redirect_rules::read_target(std::string_view to, unsigned captures) {
    if (to.size() > max_rule_target_bytes)
        return "a target has at most " + std::to_string(max_rule_target_bytes) +
               " bytes: write a shorter one";
    target parsed;
    if (!to.empty() && to.front() >= '0' && to.front() <= '9') {
        const auto word = to.substr(0, to.find(' '));
        parsed.status = status_of(word);
        if (parsed.status == status::unknown)
            return std::string(
                "the status of a redirect is 301, 302, 303, 307, 308 or 410: write one of them");
        if (parsed.status == status::gone) {
            if (word.size() != to.size()) return std::string("410 leads nowhere: write it without a target");
            return parsed;
        }
        to.remove_prefix(std::min(word.size() + 1, to.size()));
    }
    if (auto wrong = check_uri_text(to)) return std::move(*wrong);
    const auto fragment = to.find('#');
    const auto query = to.substr(0, fragment).find('?');
    const auto path = to.substr(0, std::min(fragment, query));
    if (auto wrong = check_place(path)) return std::move(*wrong);
    parsed.is_local = path.starts_with('/');
    const auto read = [captures](std::string_view text, auto& part) -> reason {
        auto read_part = capture_template::parse(text, captures);
        if (!read_part) return read_part.error();
        part = std::move(*read_part);
        return std::nullopt;
    };
    auto wrong = read(path, parsed.path);
    if (!wrong && query != std::string_view::npos)
        wrong = read(to.substr(0, fragment).substr(query + 1), parsed.query);
    if (!wrong && fragment != std::string_view::npos) wrong = read(to.substr(fragment + 1), parsed.fragment);
    if (wrong) return std::move(*wrong);
    return parsed;
}

std::optional<std::string> redirect_rules::add(std::string_view from, std::string_view to) {
    return add_rule(patterns_, targets_, from, to, read_target);
}

std::optional<redirect> redirect_rules::find(std::string_view path, std::string_view query,
                                             bool has_query) const {
    using form = capture_template::form;
    const auto found = patterns_.find(path);
    if (!found) return std::nullopt;
    const auto& to = targets_[found->rule];
    redirect answer{.status = to.status, .location = {}};
    if (to.status == status::gone) return answer;
    auto& location = answer.location;
    const auto most_bytes = slack_bytes + 3 * (path.size() + query.size());
    if (!to.path.append_to(location, found->captures, form::path, most_bytes)) return std::nullopt;
    // "//" would begin an authority. It comes from a capture that begins with '/', or is empty before one.
    if (to.is_local) location.erase(0, std::min(location.find_first_not_of('/'), location.size()) - 1);
    if (to.query || has_query) location += '?';
    const auto query_begin = location.size();
    if (to.query && !to.query->append_to(location, found->captures, form::query, most_bytes))
        return std::nullopt;
    if (location.size() > query_begin && !query.empty()) location += '&';
    append_encoded(location, query, "#");
    if (to.fragment) {
        location += '#';
        if (!to.fragment->append_to(location, found->captures, form::query, most_bytes)) return std::nullopt;
    }
    if (location.size() > most_bytes) return std::nullopt;
    return answer;
}

/// Where a path is led to on this server, decoded; nothing when it stays, or is led elsewhere.
std::optional<std::string> redirect_rules::next_path(std::string_view path) const {
    const auto answer = find(path, {}, false);
    if (!answer || !answer->location.starts_with('/')) return std::nullopt;
    const auto raw = std::string_view(answer->location).substr(0, answer->location.find_first_of("?#"));
    std::string storage;
    const auto next = normalise_path(raw, storage);
    if (!next) return std::nullopt;
    return std::string(*next);
}

std::optional<redirect_loop> redirect_rules::follow(std::string path) const {
    const auto first = patterns_.find(path);
    if (!first) return std::nullopt;
    redirect_loop loop{.first_rule = first->rule, .chain = path};
    std::vector<std::string> seen{path};
    while (true) {
        auto next = next_path(path);
        if (!next) return std::nullopt;
        path = std::move(*next);
        loop.chain += " -> " + path;
        const bool is_known = std::find(seen.begin(), seen.end(), path) != seen.end();
        if (is_known || seen.size() > max_hops || path.size() > slack_bytes) return loop;
        seen.push_back(path);
    }
}

std::optional<redirect_loop> redirect_rules::find_loop() const {
    for (std::size_t rule = 0; rule < patterns_.size(); ++rule) {
        if (!targets_[rule].is_local) continue;
        for (auto& path : patterns_[rule].samples())
            if (auto loop = follow(std::move(path))) return loop;
    }
    return std::nullopt;
}

std::optional<std::size_t> redirect_rules::find_slash_taker() const {
    for (std::size_t rule = 0; rule < patterns_.size(); ++rule)
        for (const auto& path : patterns_[rule].samples())
            if (const auto next = next_path(path); next && *next + "/" == path)
                return patterns_.find(path)->rule;
    return std::nullopt;
}

std::optional<std::string> rewrite_rules::add(std::string_view from, std::string_view to) {
    return add_rule(patterns_, targets_, from, to, parse_rewrite);
}

std::optional<std::string> rewrite_rules::find(std::string_view path) const {
    const auto found = patterns_.find(path);
    if (!found) return std::nullopt;
    std::string result;
    const bool fits = targets_[found->rule].append_to(result, found->captures, capture_template::form::plain,
                                                      slack_bytes + 3 * path.size());
    if (!fits || !is_normalised(result)) return std::nullopt;
    return result;
}

}  // namespace fairlead::http
