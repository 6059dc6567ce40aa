#include "http/access_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <ostream>

namespace fairlead::http {

static std::ostream& operator<<(std::ostream& out, access_rules::verdict what) {
    constexpr const char* names[] = {"open", "allowed", "needs_user", "denied"};
    return out << names[static_cast<int>(what)];
}

namespace {

using verdict = access_rules::verdict;
using rule_list = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr auto open = verdict::open, allowed = verdict::allowed, needs_user = verdict::needs_user,
               denied = verdict::denied;

BOOST_AUTO_TEST_SUITE(access_rules_suite)

access_rules must_add(const rule_list& list, const std::vector<named_value>& groups = {}) {
    access_rules rules;
    for (const auto& [left, right] : list) {
        const auto wrong = rules.add(left, right);
        BOOST_REQUIRE_MESSAGE(!wrong, left << ": " << wrong.value_or(""));
    }
    const auto unknown = rules.resolve(*user_groups::parse(groups));
    BOOST_REQUIRE_MESSAGE(!unknown, unknown.value_or(""));
    return rules;
}

struct question {
    verb method;
    std::string_view path, user, address;
    verdict expected;
};

void ask(const access_rules& rules, const std::vector<question>& questions) {
    for (const auto& [method, path, user, address, expected] : questions)
        BOOST_TEST_CONTEXT(to_string(method) << " " << path << " by " << user << " at " << address)
    BOOST_TEST(rules.decide(method, path, {user, *ip_address::parse(address)}) == expected);
}

BOOST_AUTO_TEST_CASE(the_first_rule_for_a_path_and_a_method_decides) {
    const auto rules = must_add({{"GET,HEAD /public/**", "public"},
                                 {"PUT /drop/**", "users"},
                                 {"/team/plans/*", "user ann"},
                                 {"/team/**", "group staff, user dora"},
                                 {"/office/**", "users from 10.0.0.0/8, 2001:db8::/32"},
                                 {"/old/**", "deny"},
                                 {"/old.html", "public"}},
                                {{"staff", "ann, bob"}});
    ask(rules, {{verb::get, "/public/a", "", "1.2.3.4", open},
                {verb::head, "/public/a", "", "1.2.3.4", open},
                {verb::put, "/public/a", "", "1.2.3.4", denied},
                {verb::put, "/public/a", "ann", "1.2.3.4", denied},
                {verb::get, "/public", "", "1.2.3.4", open},
                {verb::get, "/publicity", "", "1.2.3.4", denied},
                {verb::put, "/drop/x", "", "1.2.3.4", needs_user},
                {verb::put, "/drop/x", "eve", "1.2.3.4", allowed},
                {verb::get, "/drop/x", "eve", "1.2.3.4", denied},
                {verb::get, "/team/x", "", "1.2.3.4", needs_user},
                {verb::get, "/team/x", "bob", "1.2.3.4", allowed},
                {verb::get, "/team/x", "dora", "1.2.3.4", allowed},
                {verb::get, "/team/x", "eve", "1.2.3.4", denied},
                {verb::get, "/team/x", "Bob", "1.2.3.4", denied},
                {verb::get, "/team/plans/q3", "bob", "1.2.3.4", denied},
                {verb::get, "/team/plans/q3", "ann", "1.2.3.4", allowed},
                {verb::get, "/team/plans/q3/x", "bob", "1.2.3.4", allowed},
                {verb::get, "/office/a", "", "10.1.2.3", needs_user},
                {verb::get, "/office/a", "", "::ffff:10.1.2.3", needs_user},
                {verb::get, "/office/a", "eve", "2001:db8::1", allowed},
                // Credentials would not help from there, so nobody is asked for them.
                {verb::get, "/office/a", "", "11.1.2.3", denied},
                {verb::get, "/office/a", "eve", "11.1.2.3", denied},
                {verb::get, "/old/a", "ann", "10.1.2.3", denied},
                {verb::get, "/old.html", "", "10.1.2.3", open},
                {verb::get, "/", "ann", "10.1.2.3", denied},
                {verb::get, "*", "ann", "10.1.2.3", denied}});
    BOOST_TEST(rules.needs_users());
    BOOST_TEST((rules.named_users() == std::vector<std::string>{"ann", "bob", "dora"}));
}

BOOST_AUTO_TEST_CASE(methods) {
    const auto rules = must_add({{"GET /a", "public"},
                                 {"HEAD /b", "public"},
                                 {"POST,PUT,DELETE,PATCH,OPTIONS /c", "public"},
                                 {"/d", "public"}});
    ask(rules, {{verb::head, "/a", "", "::1", open},
                {verb::post, "/a", "", "::1", denied},
                {verb::get, "/b", "", "::1", denied},
                {verb::head, "/b", "", "::1", open},
                {verb::patch, "/c", "", "::1", open},
                {verb::options, "/c", "", "::1", open},
                {verb::trace, "/c", "", "::1", denied},
                {verb::trace, "/d", "", "::1", open},
                {verb::unknown, "/d", "", "::1", open}});
    BOOST_TEST(!rules.needs_users());
}

BOOST_AUTO_TEST_CASE(networks_alone_let_in_and_restrict) {
    const auto rules = must_add(
        {{"/a", "127.0.0.1, ::1, group staff"}, {"/b", "public from 192.168.0.0/16"}, {"/c", "10.0.0.0/8"}},
        {{"staff", "ann"}});
    ask(rules, {{verb::get, "/a", "", "127.0.0.1", allowed},
                {verb::get, "/a", "", "127.0.0.2", needs_user},
                {verb::get, "/a", "ann", "127.0.0.2", allowed},
                {verb::get, "/a", "bob", "127.0.0.1", allowed},
                {verb::get, "/b", "", "192.168.1.1", allowed},
                {verb::get, "/b", "ann", "192.169.1.1", denied},
                {verb::get, "/c", "", "10.2.3.4", allowed},
                {verb::get, "/c", "", "::ffff:10.2.3.4", allowed},
                {verb::get, "/c", "", "::a02:304", denied}});
}

BOOST_AUTO_TEST_CASE(without_a_rule_everybody_is_denied) {
    BOOST_TEST(access_rules().decide(verb::get, "/", {"ann", *ip_address::parse("::1")}) == denied);
    BOOST_TEST(access_rules().empty());
}

BOOST_AUTO_TEST_CASE(a_bad_rule_is_refused_with_what_to_write) {
    const struct {
        std::string_view left, right, sentence;
    } rows[] = {
        {"", "public", "begins with '/'"},
        {"a/**", "public", "begins with '/'"},
        {"*", "public", "begins with '/'"},
        {"/[a]", "public", ""},
        {"/a/***", "public", ""},
        {"/My%20Docs/**", "deny", "write the character that \"%20\" stands for"},
        {"/100%aB", "deny", "or \\% for a percent sign"},
        {"/a\\\\%2f", "deny", "\"%2f\""},
        {"/a//b/**", "deny", "matches none"},
        {"//", "deny", "matches none"},
        {"/./", "deny", "matches none"},
        {"/../**", "deny", "matches none"},
        {"/**/../a", "deny", "matches none"},
        {"/a/{.,..}/b", "deny", "matches none"},
        {"/a\\\\b", "deny", "matches none"},
        {"/a\tb", "deny", "matches none"},
        {"/a\x7f*", "deny", "matches none"},
        {"get /a", "public", "\"get\" is no method"},
        {"TRACE /a", "public", "\"TRACE\" is no method"},
        {"GET, HEAD /a", "public", "\"\" is no method"},
        {"GET,,PUT /a", "public", "\"\" is no method"},
        {" /a", "public", "\"\" is no method"},
        {"PUT,PUT /a", "public", "\"PUT\" is there twice"},
        {"GET,HEAD,GET /a", "public", "\"GET\" is there twice"},
        {"GET a", "public", "begins with '/'"},
        {"/a", "", "is nobody"},
        {"/a", "Public", "\"Public\" is nobody"},
        {"/a", "ann", "\"ann\" is nobody"},
        {"/a", "user", "names nobody"},
        {"/a", "user ann bob", "names nobody"},
        {"/a", "user a:b", "names nobody"},
        {"/a", "group", "names nobody"},
        {"/a", "user ann,", "is nobody"},
        {"/a", "user ann, user ann", "\"user ann\" is there twice"},
        {"/a", "group x, group x", "\"group x\" is there twice"},
        {"/a", "users, users", "\"users\" is there twice"},
        {"/a", "users, user ann", "\"users\" has every user"},
        {"/a", "public, user ann", "\"public\" stands alone"},
        {"/a", "user ann, deny", "\"deny\" stands alone"},
        {"/a", "deny from 10.0.0.0/8", "\"deny\" takes no \"from\""},
        {"/a", "from 10.0.0.0/8", "before \"from\""},
        {"/a", " from 10.0.0.0/8", "before \"from\""},
        {"/a", "users from", "is nobody"},
        {"/a", "users from ", "is nobody"},
        {"/a", "users from ann", "ann"},
        {"/a", "users from 10.0.0.0/8 from 11.0.0.0/8", "\"from\" is there twice"},
        {"/a", "users, 10.0.0.0/8 from 11.0.0.0/8", "before \"from\" and behind it"},
        {"/a", "10.0.0.1/8", "10.0.0"},
        {"/a", "10.0.0.0/33", "33"},
        {"/a", "010.0.0.0/8", "010"},
        {"/a", "10.0.0.0/8, 10.1.0.0/16", "10.1.0.0/16 is inside of 10.0.0.0/8"},
        {"/a", "10.1.0.0/16, 10.0.0.0/8", "10.1.0.0/16 is inside of 10.0.0.0/8"},
        {"/a", "users from ::1, ::1", "::1 is inside of ::1"},
    };
    for (const auto& [left, right, sentence] : rows) BOOST_TEST_CONTEXT(left << ": " << right) {
            access_rules rules;
            const auto wrong = rules.add(left, right);
            BOOST_TEST_REQUIRE(wrong.has_value());
            BOOST_TEST_INFO(*wrong);
            BOOST_TEST((wrong->find(sentence) != std::string::npos));
            BOOST_TEST(rules.empty());
        }
}

BOOST_AUTO_TEST_CASE(patterns_are_for_decoded_paths) {
    const struct {
        std::string_view left, path;
    } rows[] = {
        {"/My Docs/**", "/My Docs/a"},
        {"/100%", "/100%"},
        {"/a\\%20b", "/a%20b"},
        {"/50%/*", "/50%/x"},
        {"/a#b", "/a#b"},
        {"/\xc3\xa9*", "/\xc3\xa9t\xc3\xa9"},
        {"/{.,x}/a", "/x/a"},
        {"/..*", "/..x"},
        {"/.git/**", "/.git/config"},
        {"/a\\*/", "/a*/"},
        {"/**/", "/a/b/"},
    };
    for (const auto& [left, path] : rows)
        ask(must_add({{left, "public"}}), {{verb::get, path, "", "::1", open}});
}

BOOST_AUTO_TEST_CASE(a_rule_that_can_never_decide_is_refused) {
    const struct {
        rule_list above;
        std::string_view left;
        bool is_dead;
    } rows[] = {
        {{{"/a", "deny"}}, "/a", true},
        {{{"/*", "deny"}}, "/*", true},
        {{{"GET /a", "deny"}}, "GET /a", true},
        {{{"GET /a", "deny"}}, "/a", false},
        {{{"GET /a", "deny"}}, "HEAD /a", true},
        {{{"HEAD /a", "deny"}}, "GET /a", false},
        {{{"/a", "deny"}}, "GET /a", true},
        {{{"GET /a", "deny"}, {"PUT /a", "deny"}}, "PUT,GET /a", true},
        {{{"GET /a", "deny"}, {"PUT /**", "deny"}}, "PUT,GET /a", true},
        {{{"GET /a", "deny"}, {"PUT /**", "deny"}}, "PUT,GET,POST /a", false},
        {{{"GET,POST,PUT,DELETE,PATCH,OPTIONS /a", "deny"}}, "/a", false},
        {{{"/**", "public"}}, "/a/*", true},
        {{{"/**", "public"}}, "/", true},
        {{{"/a/**", "public"}}, "/a", true},
        {{{"/a/**", "public"}}, "/a/", true},
        {{{"/a/**", "public"}}, "/a/b/**", true},
        {{{"/a/**", "public"}}, "/a/{b,c}*", true},
        {{{"/a/**", "public"}}, "/a**", false},
        {{{"/a/**", "public"}}, "/{a,b}/c", false},
        {{{"/a**", "public"}}, "/ab/**", true},
        {{{"/a/*", "public"}}, "/a/b", true},
        {{{"/a/*", "public"}}, "/a/b/c", false},
        {{{"/a/*", "public"}}, "/a/**", false},
        {{{"/*.{html,css}", "public"}}, "/x.css", true},
        {{{"/a\\**", "public"}}, "/a\\*b", true},
        {{{"/a\\**", "public"}}, "/ab", false},
    };
    for (const auto& [above, left, is_dead] : rows) BOOST_TEST_CONTEXT(above.front().first << " " << left) {
            auto rules = must_add(above);
            const auto wrong = rules.add(left, "users");
            BOOST_TEST(wrong.has_value() == is_dead);
            if (wrong) BOOST_TEST((wrong->find("can never decide") != std::string::npos));
        }
}

BOOST_AUTO_TEST_CASE(rules_that_no_path_or_method_of_a_route_meets) {
    const auto outside = [](std::string_view left) {
        return must_add({{left, "public"}}).find_outside("/team").has_value();
    };
    for (const auto* left :
         {"/team", "/team/", "/team/x", "/team/**", "/**", "/t*", "/{a,team}/x", "/*/x", "/team*"})
        BOOST_TEST(!outside(left), left);
    for (const auto* left : {"/", "/teams", "/teams/**", "/tea", "/other/**", "/x*"})
        BOOST_TEST(outside(left), left);

    const auto unused = [](std::string_view left, const std::vector<std::string>& methods) {
        return must_add({{left, "public"}}).find_unused(methods).has_value();
    };
    BOOST_TEST(unused("PUT /a", {"GET", "HEAD"}));
    BOOST_TEST(!unused("PUT,GET /a", {"GET", "HEAD"}));
    BOOST_TEST(!unused("HEAD /a", {"GET"}));
    BOOST_TEST(!unused("OPTIONS /a", {"GET"}));
    BOOST_TEST(!unused("/a", {"GET"}));
    BOOST_TEST(!unused("PUT /a", {"CONNECT", "PUT"}));
}

BOOST_AUTO_TEST_CASE(groups) {
    auto rules = must_add({});
    BOOST_TEST(!rules.add("/a", "group staff, user zoe"));
    const auto unknown = rules.resolve(*user_groups::parse({{"stuff", "ann"}}));
    BOOST_TEST_REQUIRE(unknown.has_value());
    BOOST_TEST((unknown->find("\"staff\"") != std::string::npos));
    BOOST_TEST(user_groups::parse({{"staff", " ann ,bob"}})->find("staff")->size() == 2);
    BOOST_TEST(user_groups::parse({})->find("staff") == nullptr);
    for (const auto& [name, list] : std::vector<named_value>{{"", "ann"},
                                                             {"a b", "ann"},
                                                             {"staff", ""},
                                                             {"staff", "ann,"},
                                                             {"staff", "ann bob"},
                                                             {"staff", "ann, ann"},
                                                             {"staff", "a:b"},
                                                             {"staff", "\xFF"}})
        BOOST_TEST(!user_groups::parse({{name, list}}).has_value(), name << ": " << *list);
}

BOOST_AUTO_TEST_CASE(names) {
    for (const auto* good : {"a", "ann.smith@example.org", "J\xC3\xB6rg", "x'y", "\xF0\x9F\x98\x80"})
        BOOST_TEST(is_user_name(good), good);
    for (const auto* bad :
         {"", " ", "a b", "a\tb", "a,b", "a:b", "a\"b", "a\x7F", "a\nb", "\xFF", "a\xC2\x85"})
        BOOST_TEST(!is_user_name(bad), bad);
    BOOST_TEST(is_user_name(std::string(255, 'a')));
    BOOST_TEST(!is_user_name(std::string(256, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
