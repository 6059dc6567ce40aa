#include "http/access_map.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

using verdict = access_rules::verdict;

BOOST_AUTO_TEST_SUITE(access_map_suite)

access_map::place place_at(std::string path, std::size_t users,
                           std::initializer_list<std::pair<std::string_view, std::string_view>> rules) {
    access_map::place made;
    made.path = std::move(path);
    made.has_rules = rules.size() > 0;
    made.users = users;
    for (const auto& [left, right] : rules) BOOST_REQUIRE(!made.rules.add(left, right));
    return made;
}

request asked_by(std::string user, std::size_t among) {
    request asked;
    asked.method = verb::get;
    asked.set_user(std::make_shared<const std::string>(std::move(user)));
    asked.known_among = among;
    asked.client.ip = *ip_address::parse("192.0.2.1");
    return asked;
}

BOOST_AUTO_TEST_CASE(the_longest_place_in_which_a_path_lies_counts) {
    const access_map map({place_at("", 1, {{"/**", "public"}}), place_at("/a", 1, {{"/**", "deny"}}),
                          place_at("/a/b", 1, {})});
    for (const auto& [path, place] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{{"/", ""},
                                                                              {"*", ""},
                                                                              {"/x", ""},
                                                                              {"/ab", ""},
                                                                              {"/a", "/a"},
                                                                              {"/a/", "/a"},
                                                                              {"/a/x", "/a"},
                                                                              {"/a/bc", "/a"},
                                                                              {"/a/b", "/a/b"},
                                                                              {"/a/b/c", "/a/b"}})
        BOOST_TEST(map.at(path).path == place, path);
    BOOST_TEST(map.has_rules());
    BOOST_TEST(!access_map({place_at("", 0, {})}).has_rules());
}

BOOST_AUTO_TEST_CASE(a_name_counts_where_the_same_users_are_known) {
    const access_map map({place_at("", 1, {{"/**", "users"}}), place_at("/other", 2, {{"/**", "users"}}),
                          place_at("/none", 0, {{"/**", "users"}}), place_at("/open", 1, {})});
    const auto ann = asked_by("ann", 1);
    BOOST_TEST((map.decide(ann, verb::get, "/x") == verdict::allowed));
    BOOST_TEST((map.decide(ann, verb::get, "/other/x") == verdict::needs_user));
    BOOST_TEST((map.decide(ann, verb::get, "/none/x") == verdict::needs_user));
    BOOST_TEST((map.decide(ann, verb::get, "/open/x") == verdict::open));
    BOOST_TEST((map.decide(asked_by("", 0), verb::get, "/none/x") == verdict::needs_user));
}

BOOST_AUTO_TEST_CASE(an_answer_that_depends_on_who_asks_is_marked) {
    const access_map map({place_at("", 1,
                                   {{"/open", "public"},
                                    {"/near", "192.0.2.0/24"},
                                    {"/far", "public from 10.0.0.0/8"},
                                    {"/ann", "user ann"}})});
    for (const auto& [path, is_personal] : std::initializer_list<std::pair<std::string_view, bool>>{
             {"/open", false}, {"/near", true}, {"/far", true}, {"/ann", true}, {"/nothing", true}}) {
        const auto asked = asked_by("ann", 1);
        (void)map.decide(asked, verb::get, path);
        BOOST_TEST(asked.is_personal == is_personal, path);
    }
}

BOOST_AUTO_TEST_CASE(what_may_be_seen) {
    const access_map map(
        {place_at("", 1, {{"PUT /drop/**", "public"}, {"/team/**", "user ann"}, {"/x", "public"}})});
    auto asked = asked_by("ann", 1);
    BOOST_TEST(may_see(asked, "/anything"));  // where there are no rules
    asked.access = &map;
    BOOST_TEST(may_see(asked, "/team/a"));
    BOOST_TEST(may_see(asked, "/x"));
    BOOST_TEST(!may_see(asked, "/drop/a"));
    BOOST_TEST(may(asked, verb::put, "/drop/a"));
    BOOST_TEST(!may_see(asked, "/y"));
    asked.user = {};
    BOOST_TEST(!may_see(asked, "/team/a"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
