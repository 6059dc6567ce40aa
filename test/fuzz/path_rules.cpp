#include "http/glob.hpp"
#include "http/redirect_rules.hpp"

#include "http/target.hpp"
#include "require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

using namespace fairlead::http;

namespace {

bool is_inside(std::string_view part, std::string_view whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// `pattern` has no braces: then its wildcards give way to the captures, and the text is there again.
std::string filled_in(std::string_view pattern, const glob::captures& captures) {
    std::string text;
    std::size_t next = 0;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            text += pattern[++at];
        } else if (pattern[at] == '*' || pattern[at] == '?') {
            text += captures[next++];
            if (pattern.substr(at).starts_with("**")) ++at;
        } else {
            text += pattern[at];
        }
    }
    return text;
}

void check_glob(std::string_view pattern, const glob& parsed, std::string_view text) {
    for (const auto& sample : parsed.samples()) REQUIRE_INVARIANT(parsed.matches(sample));
    glob::captures captures;
    captures.fill("left alone");
    const bool is_match = parsed.match(text, captures);
    REQUIRE_INVARIANT(is_match == parsed.matches(text));
    if (!is_match) {
        REQUIRE_INVARIANT(captures.front() == "left alone" && captures.back() == "left alone");
        return;
    }
    REQUIRE_INVARIANT(text.starts_with(parsed.literal_prefix()));
    REQUIRE_INVARIANT(parsed.has_wildcards() || text == parsed.literal_prefix());
    for (std::size_t i = 0; i < captures.size(); ++i)
        REQUIRE_INVARIANT(i < parsed.capture_count() ? is_inside(captures[i], text) : captures[i].empty());
    // With nine there may be more that are not kept.
    const bool has_braces = pattern.find('{') != std::string_view::npos;
    if (!has_braces && parsed.capture_count() < glob::max_captures)
        REQUIRE_INVARIANT(filled_in(pattern, captures) == text);
}

/// The target of a rule without its status.
std::string_view place_of(std::string_view to) {
    const auto space = to.find(' ');
    return space == std::string_view::npos ? to : to.substr(space + 1);
}

void check_redirect(std::string_view from, std::string_view to, std::string_view path,
                    std::string_view query) {
    redirect_rules rules;
    if (const auto wrong = rules.add(from, to)) {
        REQUIRE_INVARIANT(!wrong->empty() && rules.empty());
        return;
    }
    REQUIRE_INVARIANT(rules.add(from, to).has_value());
    if (const auto loop = rules.find_loop()) {
        REQUIRE_INVARIANT(loop->first_rule == 0);
        REQUIRE_INVARIANT(loop->chain.find(" -> ") != std::string::npos);
    }
    const auto answer = rules.find(path, query, !query.empty());
    if (!answer) return;
    const std::string_view location = answer->location;
    if (answer->status == status::gone) {
        REQUIRE_INVARIANT(location.empty());
        return;
    }
    REQUIRE_INVARIANT(
        std::all_of(location.begin(), location.end(), [](char c) { return c > ' ' && c < 0x7F; }));
    REQUIRE_INVARIANT(location.find_first_of("\\\"<>") == std::string_view::npos);
    REQUIRE_INVARIANT(location.size() <= 4096 + 3 * (path.size() + query.size()));
    const auto place = place_of(to);
    if (place.starts_with('/')) {
        REQUIRE_INVARIANT(location.starts_with('/') && !location.starts_with("//"));
        return;
    }
    // Scheme and authority are those of the rule, whatever the client sent.
    const auto authority_end = std::min(place.find_first_of("/?#", place.find("://") + 3), place.size());
    REQUIRE_INVARIANT(location.starts_with(place.substr(0, authority_end)));
    REQUIRE_INVARIANT(location.size() == authority_end ||
                      std::string_view("/?#").find(location[authority_end]) != std::string_view::npos);
}

void check_rewrite(std::string_view from, std::string_view to, std::string_view path) {
    rewrite_rules rules;
    if (rules.add(from, to)) return;
    const auto result = rules.find(path);
    if (!result) return;
    const auto encoded = encode_path(*result);
    std::string storage;
    const auto normal = normalise_path(encoded, storage);
    REQUIRE_INVARIANT(normal && *normal == *result);
}

}  // namespace

/// The first two bytes say how long the pattern and the target are; the path, and from the first '?' the
/// query, are the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto from = rest.substr(0, data[0]);
    rest.remove_prefix(from.size());
    const auto to = rest.substr(0, data[1]);
    rest.remove_prefix(to.size());
    const auto path = rest.substr(0, rest.find('?'));
    const auto query = rest.substr(std::min(path.size() + 1, rest.size()));

    const auto pattern = glob::parse(from);
    REQUIRE_INVARIANT(pattern || !pattern.error().empty());
    if (!pattern) return 0;
    check_glob(from, *pattern, path);
    check_redirect(from, to, path, query);
    check_rewrite(from, to, path);
    return 0;
}
