#include "http/glob.hpp"

#include "base/text.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(glob_patterns)

glob parse(std::string_view pattern) {
    auto parsed = glob::parse(pattern);
    BOOST_TEST_REQUIRE(parsed.has_value(), pattern << ": " << (parsed ? "" : parsed.error()));
    return std::move(*parsed);
}

/// The captures that are kept, in brackets, or "no" when the text does not match.
std::string captures_of(std::string_view pattern, std::string_view text) {
    const auto parsed = parse(pattern);
    glob::captures captures;
    captures.fill("left alone");
    const bool is_match = parsed.match(text, captures);
    BOOST_TEST(is_match == parsed.matches(text), pattern << " on " << text);
    for (unsigned i = is_match ? parsed.capture_count() : 0; i < glob::max_captures; ++i)
        BOOST_TEST(captures[i] == (is_match ? "" : "left alone"));
    if (!is_match) return "no";
    std::string shown;
    for (unsigned i = 0; i < parsed.capture_count(); ++i) shown += "[" + std::string(captures[i]) + "]";
    return shown;
}

BOOST_AUTO_TEST_CASE(matches_the_whole_text) {
    struct {
        std::string_view pattern, text, captures;
    } const rows[] = {
        {"", "", ""},
        {"", "a", "no"},
        {"/a", "/a", ""},
        {"/a", "/A", "no"},
        {"/a", "/a/", "no"},
        {"/a", "/", "no"},
        {"/a*", "/a", "[]"},
        {"/a*", "/abc", "[bc]"},
        {"/a*", "/ab/c", "no"},
        {"/a*", "x/ab", "no"},
        {"*", "", "[]"},
        {"*", "/", "no"},
        {"/*/*", "/a/b", "[a][b]"},
        {"/*/*", "/a/b/c", "no"},
        {"/*/", "//", "[]"},
        {"/**", "/", "[]"},
        {"/**", "/a/b/c", "[a/b/c]"},
        {"/old/**", "/old", "no"},
        {"/old/**", "/old/", "[]"},
        {"/old**", "/old/a", "[/a]"},
        {"**/x", "a/b/x", "[a/b]"},
        {"/**/*.php", "/a/b/c.php", "[a/b][c]"},
        {"/**/*.php", "/c.php", "no"},
        {"/?", "/a", "[a]"},
        {"/?", "/", "no"},
        {"/?", "/ab", "no"},
        {"/?", "//", "no"},
        {"*.{js,css}", "app.js", "[app][js]"},
        {"*.{js,css}", "app.min.css", "[app.min][css]"},
        {"*.{js,css}", "app.html", "no"},
        {"*.{js,css}", "app.js,css", "no"},
        {"/a{,b}", "/a", "[]"},
        {"/a{,b}", "/ab", "[b]"},
        {"/{one}", "/one", "[one]"},
        {"/{a*,b?}/c", "/axy/c", "[axy][xy][]"},
        {"/{a*,b?}/c", "/bz/c", "[bz][][z]"},
        {"/{a/**,b}/c", "/a/x/y/c", "[a/x/y][x/y]"},
        // Nothing stays of an alternative that was begun.
        {"/{?a,b}", "/b", "[b][]"},
        {"/**{?a,/*}/", "/bc/d/", "[bc][/d][][d]"},
        {"a,b", "a,b", ""},
        // Both ends are there, but share a byte.
        {"ab*ba", "aba", "no"},
        {"ab*ba", "abba", "[]"},
        {"a]b", "a]b", ""},
        {R"(\*\?\{\}\[\\\,\a)", R"(*?{}[\,a)", ""},
        {R"({a\,b,\}})", "a,b", "[a,b]"},
        {R"({a\,b,\}})", "}", "[}]"},
        {R"(\*)", "x", "no"},
    };
    for (const auto& row : rows)
        BOOST_TEST(captures_of(row.pattern, row.text) == row.captures, row.pattern << " on " << row.text);
}

BOOST_AUTO_TEST_CASE(wildcards_take_as_little_as_possible) {
    struct {
        std::string_view pattern, text, captures;
    } const rows[] = {
        {"*-*", "a-b-c", "[a][b-c]"},
        {"**/*", "a/b/c", "[a/b][c]"},
        {"**/**", "a/b/c", "[a][b/c]"},
        {"**{a,ab}**", "xaby", "[x][a][by]"},
        {"**{ab,a}**", "xaby", "[x][ab][y]"},
        // The first alternative leads nowhere here.
        {"{a,ab}c", "abc", "[ab]"},
        {"{abc,a}**bc", "abc", "[a][]"},
        {"*a*b*", "aabb", "[][a][b]"},
        {"*?*", "abc", "[][a][bc]"},
        {"*********", "", "refused"},
        {"*.*.*.*.*.*.*.*.*.*.*", "1.2.3.4.5.6.7.8.9.10.11", "[1][2][3][4][5][6][7][8][9]"},
    };
    for (const auto& row : rows) {
        if (row.captures == "refused")
            BOOST_TEST(!glob::parse(row.pattern).has_value());
        else
            BOOST_TEST(captures_of(row.pattern, row.text) == row.captures, row.pattern << " on " << row.text);
    }
}

BOOST_AUTO_TEST_CASE(counts_characters_not_bytes) {
    struct {
        std::string_view pattern, text, captures;
    } const rows[] = {
        {"/?", "/\xC3\xA9", "[\xC3\xA9]"},
        {"/?", "/\xF0\x9F\x92\xA1", "[\xF0\x9F\x92\xA1]"},
        {"/??", "/\xC3\xA9", "no"},
        {"/*\xC3\xA9", "/a\xC3\xA9", "[a]"},
        {"/{\xC3\xA9,e}", "/\xC3\xA9", "[\xC3\xA9]"},
        {"/\\\xC3\xA9*", "/\xC3\xA9t", "[t]"},
        // What is not UTF-8 is one character a byte, and never part of one that is.
        {"/?", "/\xC3", "[\xC3]"},
        {"/?", "/\x80", "[\x80]"},
        {"/?", "/\xE2\x82", "no"},
        {"/??", "/\xE2\x82", "[\xE2][\x82]"},
        {"/*\xC3\xA9", "/\xE2\xC3\xA9", "[\xE2]"},
        {"/\xC3\xA9*", "/\xC3\xA9\xA9", "[\xA9]"},
        {"/?*", "/\xFF/", "no"},
    };
    for (const auto& row : rows)
        BOOST_TEST(captures_of(row.pattern, row.text) == row.captures, row.pattern << " on " << row.text);
    BOOST_TEST(captures_of("?", std::string_view("\0", 1)) == std::string_view("[\0]", 3));
}

BOOST_AUTO_TEST_CASE(refuses_with_advice) {
    std::string alternatives = "{";
    for (std::size_t i = 0; i < glob::max_alternatives; ++i) alternatives += ",";
    struct {
        std::string pattern, advice;
    } const rows[] = {
        {"/[ab]", "\\["},
        {"/{a,[}", "\\["},
        {"/a}", "\\}"},
        {"/{a", "'}'"},
        {"/{a,\\}", "'}'"},
        {"/{a,{b}}", "nested"},
        {"/{}", "nothing to choose"},
        {"/***", "\"**\""},
        {"/a\\", "\\\\"},
        {"/\xC3", "UTF-8"},
        {"/\xC0\xAF", "UTF-8"},
        {alternatives + "}", "64 alternatives"},
        {alternatives.substr(0, 40) + "}" + alternatives.substr(0, 40) + "}", "64 alternatives"},
        {std::string(glob::max_pattern_bytes + 1, 'a'), "512 bytes"},
    };
    for (const auto& row : rows) {
        const auto parsed = glob::parse(row.pattern);
        BOOST_TEST_REQUIRE(!parsed.has_value(), row.pattern);
        BOOST_TEST(parsed.error().find(row.advice) != std::string::npos,
                   row.pattern << ": " << parsed.error());
    }
    parse(alternatives.substr(0, glob::max_alternatives) + "}");
    parse(std::string(glob::max_pattern_bytes, 'a'));
}

BOOST_AUTO_TEST_CASE(says_what_it_is) {
    struct {
        std::string_view pattern, prefix;
        bool has_wildcards;
        unsigned captures;
    } const rows[] = {
        {"", "", false, 0},     {"/a\\*b", "/a*b", false, 0}, {"/a/*/b", "/a/", true, 1},
        {"/{a}", "/", true, 1}, {"/{a*,b}/**", "/", true, 3}, {"/?", "/", true, 1},
        {"**", "", true, 1},    {"?*?*?*?*?*", "", true, 9},
    };
    for (const auto& row : rows) {
        const auto parsed = parse(row.pattern);
        BOOST_TEST(parsed.literal_prefix() == row.prefix, row.pattern);
        BOOST_TEST(parsed.has_wildcards() == row.has_wildcards, row.pattern);
        BOOST_TEST(parsed.capture_count() == row.captures, row.pattern);
    }
}

BOOST_AUTO_TEST_CASE(samples_match) {
    struct {
        std::string_view pattern, samples;
    } const rows[] = {
        {"/a\\*", "/a*"},
        {"/a/*/?", "/a/x/x"},
        {"/\xC3\xA9/**", "/\xC3\xA9/x /\xC3\xA9/x/y"},
        {"/*/\xC3\xA9", "/x/\xC3\xA9"},
        {"/{a,b*}/{c,d,**}", "/a/c /bx/d /bx/x /bx/x/y"},
    };
    for (const auto& row : rows) {
        const auto parsed = parse(row.pattern);
        std::string joined;
        for (const auto& sample : parsed.samples()) {
            BOOST_TEST(parsed.matches(sample), row.pattern << " on " << sample);
            joined += (joined.empty() ? "" : " ") + sample;
        }
        BOOST_TEST(joined == row.samples, row.pattern);
    }
}

/// The rules of glob.hpp as one would first write them, in exponential time; for patterns without braces and
/// escapes. `shown` becomes the captures in brackets.
bool matches_by_trying(std::string_view pattern, std::string_view text, std::string& shown) {
    shown.clear();
    if (pattern.empty()) return text.empty();
    const bool is_star = pattern.front() == '*';
    if (!is_star && pattern.front() != '?')
        return !text.empty() && text.front() == pattern.front() &&
               matches_by_trying(pattern.substr(1), text.substr(1), shown);
    const bool is_path = pattern.starts_with("**");
    const auto most = is_star ? text.size() : std::min<std::size_t>(text.size(), 1);
    for (std::size_t length = is_star ? 0 : 1; length <= most; ++length) {
        const auto taken = text.substr(0, length);
        if (!is_path && taken.find('/') != std::string_view::npos) return false;
        std::string rest;
        if (!matches_by_trying(pattern.substr(is_path ? 2 : 1), text.substr(length), rest)) continue;
        shown = "[" + std::string(taken) + "]" + rest;
        return true;
    }
    return false;
}

/// The pattern once for each way to choose from its braces.
std::vector<std::string> without_braces(const std::string& pattern) {
    const auto open = pattern.find('{');
    if (open == std::string::npos) return {pattern};
    const auto close = pattern.find('}');
    std::vector<std::string> all;
    for (const auto choice : split(std::string_view(pattern).substr(open + 1, close - open - 1), ','))
        for (auto& one :
             without_braces(pattern.substr(0, open) + std::string(choice) + pattern.substr(close + 1)))
            all.push_back(std::move(one));
    return all;
}

/// All texts of "ab/" up to six characters.
std::vector<std::string> short_texts() {
    std::vector<std::string> texts{""};
    for (std::size_t i = 0; texts[i].size() < 6; ++i)
        for (const char c : {'a', 'b', '/'}) texts.push_back(texts[i] + c);
    return texts;
}

BOOST_AUTO_TEST_CASE(agrees_with_trying_everything) {
    constexpr std::string_view patterns[] = {
        "*a*", "**a*", "*/**b", "**a**b**", "?**?", "*?*/*", "**?a*", "*/*/*", "*b**/?", "a*b*a*",
    };
    const auto texts = short_texts();
    int matches = 0;
    for (const auto pattern : patterns) {
        for (const auto& text : texts) {
            std::string expected;
            if (!matches_by_trying(pattern, text, expected)) expected = "no";
            matches += expected != "no";
            if (captures_of(pattern, text) != expected)
                BOOST_ERROR(pattern << " on " << text << " is not " << expected);
        }
    }
    BOOST_TEST(matches > 1000);
}

BOOST_AUTO_TEST_CASE(braces_are_one_of_their_alternatives) {
    const std::string patterns[] = {
        "*{a,ab}*", "**{ab,a/,}*{b,}", "{*a,**b}{?,a}", "a{/,b}{*,/}", "{a,**/}{b,?}{,/**}",
    };
    const auto texts = short_texts();
    int matches = 0;
    for (const auto& pattern : patterns) {
        const auto parsed = parse(pattern);
        const auto choices = without_braces(pattern);
        for (const auto& text : texts) {
            std::string captures;
            const bool expected = std::any_of(choices.begin(), choices.end(), [&](const std::string& one) {
                return matches_by_trying(one, text, captures);
            });
            matches += expected;
            if (parsed.matches(text) != expected) BOOST_ERROR(pattern << " on " << text);
        }
    }
    BOOST_TEST(matches > 1000);
}

/// Bounds that exponential or quadratic time misses by far, and a slow machine does not.
BOOST_AUTO_TEST_CASE(hostile_texts_take_bounded_time) {
    const std::string text(64 * 1024, 'a');
    const auto repeated = [](std::string_view part, int count) {
        std::string whole;
        for (int i = 0; i < count; ++i) whole += part;
        return whole;
    };
    // '?' stands last, or the literal end would decide.
    const std::string patterns[] = {
        "**a**a**a**b",
        "**a**a**a**b?",
        repeated("**a", 160) + "b?",
        repeated("*a", 250) + "b?",
        "**" + repeated("a", 500) + "b?",
        repeated("{a,*,**}", 16) + "b?",
        repeated("{,a}", 32) + repeated("?", 300) + "**b?",
    };
    for (const auto& pattern : patterns) {
        const auto parsed = parse(pattern);
        const auto begin = std::chrono::steady_clock::now();
        glob::captures captures;
        BOOST_TEST(!parsed.match(text, captures), pattern);
        BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)), pattern);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
