#include "http/redirect_rules.hpp"

#include "http/target.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(rules_for_paths)

using rule_texts = std::vector<std::pair<std::string, std::string>>;

template <class Rules>
Rules build(const rule_texts& texts) {
    Rules rules;
    for (const auto& [from, to] : texts) {
        const auto wrong = rules.add(from, to);
        BOOST_TEST_REQUIRE(!wrong, from << " to " << to << ": " << wrong.value_or(""));
    }
    return rules;
}

/// "301 /new", or "no". The request is a path, perhaps with a query; the path counts as decoded.
std::string answer(const redirect_rules& rules, std::string_view request) {
    const auto question = request.find('?');
    const bool has_query = question != std::string_view::npos;
    const auto query = has_query ? request.substr(question + 1) : std::string_view{};
    const auto found = rules.find(request.substr(0, question), query, has_query);
    if (!found) return "no";
    return std::to_string(static_cast<unsigned>(found->status)) + " " + found->location;
}

BOOST_AUTO_TEST_CASE(redirects) {
    struct {
        std::string_view from, to, request, answer;
    } const rows[] = {
        {"/a", "/b", "/a", "302 /b"},
        {"/a", "/b", "/a/", "no"},
        {"/a", "301 /b", "/a", "301 /b"},
        {"/a", "302 /b", "/a", "302 /b"},
        {"/a", "303 /b", "/a", "303 /b"},
        {"/a", "307 /b", "/a", "307 /b"},
        {"/a", "308 https://o.example/", "/a", "308 https://o.example/"},
        {"/a", "410", "/a", "410 "},
        {"/a", "410", "/a?q", "410 "},
        {"/old/**", "301 /new/$1", "/old/x/y.html", "301 /new/x/y.html"},
        {"/*/*", "/$2/$1", "/a/b", "302 /b/a"},
        {"/*", "https://o.example:8443/x/$1?y=1", "/a", "302 https://o.example:8443/x/a?y=1"},
        {"/*", "HTTP://[::1]/$1", "/a", "302 HTTP://[::1]/a"},
        {"/*", "https://o.example", "/a", "302 https://o.example"},
        {"/*", "https://o.example?$1", "/a", "302 https://o.example?a"},
        {"/a", "/$$1", "/a", "302 /$1"},
        {"/\\*", "/b", "/*", "302 /b"},
        {"/\\*", "/b", "/a", "no"},
        // The target is URI text as it stands; captures become URI text.
        {"/*", "/%C3%A9/$1", "/\xC3\xA9 %", "302 /%C3%A9/%C3%A9%20%25"},
        {"/*", "/b#$1", "/x&y", "302 /b#x%26y"},
        // The query stays.
        {"/a", "/b", "/a?", "302 /b?"},
        {"/a", "/b", "/a?q=1&r", "302 /b?q=1&r"},
        {"/a", "/b?x=1", "/a", "302 /b?x=1"},
        {"/a", "/b?x=1", "/a?", "302 /b?x=1"},
        {"/a", "/b?x=1", "/a?q=%0D", "302 /b?x=1&q=%0D"},
        {"/a", "/b?", "/a?q", "302 /b?q"},
        {"/a", "/b?x=?", "/a?q", "302 /b?x=?&q"},
        {"/a", "/b#top", "/a?q", "302 /b?q#top"},
        {"/a", "/b?x#top?no", "/a?q", "302 /b?x&q#top?no"},
        {"/a", "https://o.example?x", "/a?q", "302 https://o.example?x&q"},
    };
    for (const auto& row : rows) {
        const auto rules = build<redirect_rules>({{std::string(row.from), std::string(row.to)}});
        BOOST_TEST(answer(rules, row.request) == row.answer, row.from << " to " << row.to);
    }
}

BOOST_AUTO_TEST_CASE(captures_stay_where_they_are_put) {
    struct {
        std::string_view from, to, request, answer;
    } const rows[] = {
        {"/**", "/$1", "//evil.example", "302 /evil.example"},
        {"/go**", "/$1", "/go/evil.example", "302 /evil.example"},
        {"/go**", "/$1", "/go///evil.example", "302 /evil.example"},
        {"/go**", "/$1", "/go\\evil.example", "302 /%5Cevil.example"},
        {"/go**", "/$1", "/go/\\evil.example", "302 /%5Cevil.example"},
        {"/go**", "/$1", "/go\t/evil.example", "302 /%09/evil.example"},
        {"/go**", "/$1", "/go//", "302 /"},
        {"/go**", "/$1/evil.example", "/go", "302 /evil.example"},
        {"/go**", "/$1$1$1", "/go/", "302 /"},
        {"/go**", "/x$1", "/go/y", "302 /x/y"},
        {"/**", "/$1", "/a\r\nSet-Cookie: x=1", "302 /a%0D%0ASet-Cookie:%20x=1"},
        {"/**", "https://o.example/$1", "/a\r\nb", "302 https://o.example/a%0D%0Ab"},
        {"/**", "https://o.example/$1", "/@evil.example", "302 https://o.example/@evil.example"},
        {"/**", "/b?x=$1", "/1&admin=1;a+b#c", "302 /b?x=1%26admin%3D1%3Ba%2Bb%23c"},
        {"/**", "/b", "/a?x\r\nSet-Cookie: y", "302 /b?x%0D%0ASet-Cookie:%20y"},
        {"/**", "/b", "/a?\\\"<>#`{}\xC3\xA9", "302 /b?%5C%22%3C%3E%23%60%7B%7D%C3%A9"},
    };
    for (const auto& row : rows) {
        const auto rules = build<redirect_rules>({{std::string(row.from), std::string(row.to)}});
        BOOST_TEST(answer(rules, row.request) == row.answer, row.from << " to " << row.to);
    }
}

BOOST_AUTO_TEST_CASE(locations_are_bounded) {
    std::string many;
    while (many.size() + 2 < max_rule_target_bytes) many += "$1";
    const auto once = build<redirect_rules>({{"/**", "/$1"}});
    const auto often = build<redirect_rules>({{"/**", "/" + many}});
    const auto path = "/" + std::string(64 * 1024, ' ');
    BOOST_TEST_REQUIRE(once.find(path, path, true).has_value());
    BOOST_TEST(once.find(path, path, true)->location.size() ==
               2 + 3 * (path.size() - 1) + path.size() * 3 - 2);
    BOOST_TEST(!often.find(path, {}, false).has_value());
    BOOST_TEST(often.find("/a", {}, false).has_value());
    const auto thrice = build<redirect_rules>({{"/**", "/$1$1$1"}});
    const auto spaces = "/" + std::string(1000, ' ');
    BOOST_TEST(!thrice.find(spaces, {}, false).has_value());
    BOOST_TEST(thrice.find(spaces, std::string(2000, 'a'), true).has_value());
    BOOST_TEST(!thrice.find(spaces, std::string(2000, '{'), true).has_value());
    const auto rewrites = build<rewrite_rules>({{"/**", "/" + many}});
    BOOST_TEST(!rewrites.find("/" + std::string(64 * 1024, 'a')).has_value());
    BOOST_TEST(rewrites.find("/a").has_value());
}

BOOST_AUTO_TEST_CASE(the_first_rule_counts) {
    const auto rules = build<redirect_rules>({
        {"/a", "/1"},
        {"/*", "/2"},
        {"/b", "/3"},
        {"/**", "/4"},
        {"/c/d", "/5"},
    });
    BOOST_TEST(answer(rules, "/a") == "302 /1");
    BOOST_TEST(answer(rules, "/b") == "302 /2");
    BOOST_TEST(answer(rules, "/c/d") == "302 /4");
    BOOST_TEST(answer(rules, "") == "no");
    BOOST_TEST(answer(redirect_rules(), "/a") == "no");
    BOOST_TEST(redirect_rules().empty());
    BOOST_TEST(!rules.empty());
}

BOOST_AUTO_TEST_CASE(many_exact_rules_cost_one_look) {
    redirect_rules rules;
    for (int i = 0; i < 5000; ++i) {
        const auto number = std::to_string(i);
        BOOST_TEST_REQUIRE(!rules.add("/old/" + number, "301 /new/" + number).has_value());
    }
    BOOST_TEST(answer(rules, "/old/0") == "301 /new/0");
    BOOST_TEST(answer(rules, "/old/4999") == "301 /new/4999");
    BOOST_TEST(!rules.find_loop().has_value());
    const auto begin = std::chrono::steady_clock::now();
    int found = 0;
    for (int i = 0; i < 100'000; ++i) found += rules.find("/old/none", {}, false).has_value();
    // A walk through all of them takes minutes under a sanitizer, the hash table a fraction of a second.
    BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(10)));
    BOOST_TEST(found == 0);
}

BOOST_AUTO_TEST_CASE(refuses_redirects_with_advice) {
    struct {
        std::string from, to, advice;
    } const rows[] = {
        {"a", "/b", "begins with '/'"},
        {"", "/b", "begins with '/'"},
        {"**", "/b", "begins with '/'"},
        {"{/a,/b}", "/b", "begins with '/'"},
        {"/[a]", "/b", "\\["},
        {"/known", "/b", "earlier rule"},
        {"/\\known", "/b", "earlier rule"},
        {"/known/**", "410", "earlier rule"},
        {"/a", "", "begins with '/'"},
        {"/a", "b", "begins with '/'"},
        {"/a", "301", "begins with '/'"},
        {"/a", "301 ", "begins with '/'"},
        {"/a", "301 b", "begins with '/'"},
        {"/a", "ftp://o.example/", "begins with '/'"},
        {"/a", "javascript:alert(1)", "begins with '/'"},
        {"/a", "https:/o.example/", "begins with '/'"},
        {"/*", "$1", "begins with '/'"},
        {"/*", "$1://o.example/", "begins with '/'"},
        {"/*", "http$1://o.example/", "begins with '/'"},
        {"/a", "200 /b", "301, 302, 303, 307, 308 or 410"},
        {"/a", "304 /b", "301, 302, 303, 307, 308 or 410"},
        {"/a", "0301 /b", "301, 302, 303, 307, 308 or 410"},
        {"/a", "3", "301, 302, 303, 307, 308 or 410"},
        {"/a", "301/b", "301, 302, 303, 307, 308 or 410"},
        {"/a", "99999999999999999999 /b", "301, 302, 303, 307, 308 or 410"},
        {"/a", "410 /b", "without a target"},
        {"/a", "410 ", "without a target"},
        {"/a", "//o.example/", "another host"},
        {"/*", "//$1", "another host"},
        {"/a", "301 //o.example/", "another host"},
        {"/a", "/\\o.example/", "backslash"},
        {"/a", "https:\\\\o.example/", "backslash"},
        {"/*", "https://$1/", "in the host"},
        {"/*", "https://$1", "in the host"},
        {"/*", "https://o.example$1", "in the host"},
        {"/*", "https://o.example$1/x", "in the host"},
        {"/*", "https://o.example:$1/x", "in the host"},
        {"/*", "https://o.$$example/", "in the host"},
        {"/*", "https://$1@o.example/", "in the host"},
        {"/a", "https://o.example@evil.example/", "user information"},
        {"/a", "https://u:p@o.example/", "user information"},
        {"/a", "https:///b", "malformed"},
        {"/a", "https://", "malformed"},
        {"/a", "https://?b", "malformed"},
        {"/a", "https://o..example/", "malformed"},
        {"/a", "https://o.example:99999/", "malformed"},
        {"/a", "https://o%2Eexample/", "malformed"},
        {"/a", "/b c", "percent-encode"},
        {"/a", "301  /b", "percent-encode"},
        {"/a", " /b", "percent-encode"},
        {"/a", "/b\r\nSet-Cookie:x", "percent-encode"},
        {"/a", std::string("/b\0", 3), "percent-encode"},
        {"/a", "/b\t", "percent-encode"},
        {"/a", "/b\x7F", "percent-encode"},
        {"/a", "/\xC3\xA9", "percent-encode"},
        {"/a", "/<b>", "percent-encode"},
        {"/a", "/100%", "%25"},
        {"/a", "/%4", "%25"},
        {"/a", "/%zz", "%25"},
        {"/*", "/%$1", "%25"},
        {"/*", "/%0$1", "%25"},
        {"/a", "/$", "$$"},
        {"/a", "/$0", "$$"},
        {"/a", "/$x", "$$"},
        {"/a", "/b?$", "$$"},
        {"/a", "/b#$", "$$"},
        {"/a", "/$1", "$1 is not there"},
        {"/*", "/b?$1$2", "$2 is not there"},
        {"/*", "/b#$9", "$9 is not there"},
        {"/a", "/" + std::string(max_rule_target_bytes, 'b'), "2048 bytes"},
    };
    auto rules = build<redirect_rules>({{"/known", "/b"}, {"/known/**", "/c"}});
    for (const auto& row : rows) {
        const auto wrong = rules.add(row.from, row.to);
        BOOST_TEST_REQUIRE(wrong.has_value(), row.from << " to " << row.to);
        BOOST_TEST(wrong->find(row.advice) != std::string::npos, row.to << ": " << *wrong);
    }
    // Nothing of them was kept.
    BOOST_TEST(answer(rules, "/a") == "no");
    BOOST_TEST(answer(rules, "/known") == "302 /b");
}

BOOST_AUTO_TEST_CASE(finds_loops) {
    rule_texts chain_of_ten, chain_of_eleven;
    for (int i = 0; i < 11; ++i)
        (i < 10 ? chain_of_ten : chain_of_eleven)
            .emplace_back("/" + std::to_string(i), "/" + std::to_string(i + 1));
    chain_of_eleven.insert(chain_of_eleven.begin(), chain_of_ten.begin(), chain_of_ten.end());
    struct {
        rule_texts rules;
        std::string loop;
    } const rows[] = {
        {{}, ""},
        {{{"/a", "/b"}}, ""},
        {{{"/a", "/a"}}, "0: /a -> /a"},
        {{{"/a", "/a?x=1#y"}}, "0: /a -> /a"},
        {{{"/a", "/%61"}}, "0: /a -> /a"},
        {{{"/a", "/./a"}}, "0: /a -> /a"},
        {{{"/z", "/y"}, {"/a", "/b"}, {"/b", "/a"}}, "1: /a -> /b -> /a"},
        {{{"/z", "/a"}, {"/a", "/b"}, {"/b", "/a"}}, "0: /z -> /a -> /b -> /a"},
        {{{"/a", "/b"}, {"/b", "410"}}, ""},
        {{{"/a", "/b"}, {"/b", "https://o.example/a"}}, ""},
        {{{"/*", "/new/$1"}}, ""},
        {{{"/*", "/$1/"}}, ""},
        {{{"/*", "/$1"}}, "0: /x -> /x"},
        {{{"/**", "/new"}}, "0: /x -> /new -> /new"},
        {{{"/a/*", "/a/y"}}, "0: /a/x -> /a/y -> /a/y"},
        // Only a path of two segments comes back.
        {{{"/a/**", "/b/$1"}, {"/b/*/*", "/a/$1/$2"}}, "0: /a/x/y -> /b/x/y -> /a/x/y"},
        {{{"/{a,b}", "/$1"}, {"/c", "/d"}}, "0: /a -> /a"},
        {{{"/{a,b}", "/c-$1"}, {"/c-b", "/b"}}, "0: /b -> /c-b -> /b"},
        // What stands above answers first.
        {{{"/a/y", "410"}, {"/a/*", "/a/y"}}, ""},
        // An encoded slash is refused when it comes back, so it is no loop.
        {{{"/a", "/a%2F"}, {"/a/", "/a"}}, ""},
        {chain_of_ten, ""},
    };
    for (const auto& row : rows) {
        const auto rules = build<redirect_rules>(row.rules);
        const auto loop = rules.find_loop();
        const auto shown = loop ? std::to_string(loop->first_rule) + ": " + loop->chain : std::string();
        BOOST_TEST(shown == row.loop);
    }
    const auto long_chain = build<redirect_rules>(chain_of_eleven).find_loop();
    BOOST_TEST_REQUIRE(long_chain.has_value());
    BOOST_TEST(long_chain->chain.ends_with("/9 -> /10 -> /11"));
    const auto growing = build<redirect_rules>({{"/old/**", "/old/new/$1"}}).find_loop();
    BOOST_TEST_REQUIRE(growing.has_value());
    BOOST_TEST(growing->chain.starts_with("/old/x -> /old/new/x -> /old/new/new/x"));
    const auto exploding = build<redirect_rules>({{"/**", "/$1$1$1$1$1$1$1$1$1$1$1$1"}}).find_loop();
    BOOST_TEST_REQUIRE(exploding.has_value());
    BOOST_TEST(exploding->chain.size() < 32'000u);
}

BOOST_AUTO_TEST_CASE(rewrites) {
    struct {
        std::string_view from, to, path, result;
    } const rows[] = {
        {"/app/**", "/app.html", "/app/x/y", "/app.html"},
        {"/app/**", "/app.html", "/app", "no"},
        {"/*/*", "/$2/$1/", "/a/b", "/b/a/"},
        {"/*", "/my files/$1", "/\xC3\xA9 100% [1]", "/my files/\xC3\xA9 100% [1]"},
        {"/a", "/", "/a", "/"},
        {"/a", "/$$1", "/a", "/$1"},
        {"/**", "/$1", "/a/", "/a/"},
        // Once, not again.
        {"/a*", "/a$1a", "/a", "/aa"},
        // What is not a normalised path is no match.
        {"/a**", "/b/$1", "/a/c", "no"},
        {"/a**", "/$1/b", "/a", "no"},
        {"/a*", "/b/$1", "/a..", "no"},
        {"/a*", "/b/.$1", "/a.", "no"},
        {"/a*", "/b/.$1/c", "/a", "no"},
        {"/a*", "/b/.$1/c", "/a.", "no"},
        {"/a**", "$1", "/a/c", "refused"},
        {"/a**", "/$1", "/a\\..\\c", "no"},
        {"/a**", "/$1", "/a\r\n", "no"},
        {"/a**", "/$1", "/a\xFF", "no"},
        {"/a**", "/$1", "/a//c", "no"},
    };
    for (const auto& row : rows) {
        rewrite_rules rules;
        const auto wrong = rules.add(row.from, row.to);
        const auto result = wrong ? "refused" : rules.find(row.path).value_or("no");
        BOOST_TEST(result == row.result, row.from << " to " << row.to << " on " << row.path);
    }
    const auto first = build<rewrite_rules>({{"/a", "/1"}, {"/*", "/2"}, {"/b", "/3"}});
    BOOST_TEST(first.find("/a").value_or("no") == "/1");
    BOOST_TEST(first.find("/b").value_or("no") == "/2");
    BOOST_TEST(!first.find("/b/c").has_value());
    BOOST_TEST(rewrite_rules().empty());
}

BOOST_AUTO_TEST_CASE(refuses_rewrites_with_advice) {
    struct {
        std::string from, to, advice;
    } const rows[] = {
        {"a", "/b", "begins with '/'"},
        {"/known", "/b", "earlier rule"},
        {"/a", "", "begin it with '/'"},
        {"/a", "b", "begin it with '/'"},
        {"/a", "301 /b", "begin it with '/'"},
        {"/a", "https://o.example/", "begin it with '/'"},
        {"/a", "/b?c", "leave out '?'"},
        {"/a", "/b#c", "leave out '?'"},
        {"/a", "/b%20c", "not encoded"},
        {"/a", "//b", "\"//\""},
        {"/a", "/b//c", "\"//\""},
        {"/a", "/..", "\"..\""},
        {"/a", "/../b", "\"..\""},
        {"/a", "/b/../c", "\"..\""},
        {"/a", "/b/./c", "\"..\""},
        {"/a", "/b/.", "\"..\""},
        {"/a", "/b\\c", "backslash"},
        {"/a", "/b\n", "control"},
        {"/a", std::string("/b\0", 3), "control"},
        {"/a", "/b\xFF", "UTF-8"},
        {"/a", "/$1", "$1 is not there"},
        {"/a", "/$", "$$"},
        {"/a", "/" + std::string(max_rule_target_bytes, 'b'), "2048 bytes"},
    };
    auto rules = build<rewrite_rules>({{"/known", "/b"}});
    for (const auto& row : rows) {
        const auto wrong = rules.add(row.from, row.to);
        BOOST_TEST_REQUIRE(wrong.has_value(), row.from << " to " << row.to);
        BOOST_TEST(wrong->find(row.advice) != std::string::npos, row.to << ": " << *wrong);
    }
    BOOST_TEST(!rules.find("/a").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
