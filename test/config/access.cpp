// Rules of access, and what they must not be together with other settings.
#include "given.hpp"

#include "base/ip_address.hpp"

namespace fairlead::config {
namespace {

const std::string at = "/etc/fairlead/site.json:";

BOOST_AUTO_TEST_SUITE(access)

BOOST_AUTO_TEST_CASE(every_bad_rule_is_told_with_its_place) {
    given::must_refuse(
        R"({"auth": {"users": "users"}, "access": {
"/a/**": "public",
"GET /a/b": "users",
"/c": "group nobody, 10.0.0.1/8",
"d": "public",
"FETCH /e": "public",
"/f": "everyone",
"/g": 7
}})",
        {at + "8:7: /access/~1g: expected an object of rules ({\"GET /team/**\": \"group staff\"}), found 7; "
              "the value is a string in quotes",
         at + "3:1: /access/GET ~1a~1b: it can never decide, since \"/a/**\" above takes all of it: move it "
              "up, or remove it",
         at + "4:1: /access/~1c: " + ip_network::parse("10.0.0.1/8").error(),
         at + "5:1: /access/d: the pattern for paths begins with '/': write it in front",
         at + "6:1: /access/FETCH ~1e: \"FETCH\" is no method that a rule can be for: write GET, HEAD, POST, "
              "PUT, DELETE, "
              "PATCH, OPTIONS or CONNECT, separated by commas without spaces, and one space before the path",
         at + "7:1: /access/~1f: \"everyone\" is nobody: write \"public\", \"users\", \"user NAME\", \"group "
              "NAME\", a network "
              "(\"10.0.0.0/8\"), several of them with commas between, or \"deny\""});
}

std::string first_error(const std::string& text) {
    const auto errors = given::errors_of(given::load_site(text));
    return errors.empty() ? "" : errors.front();
}

BOOST_AUTO_TEST_CASE(rules_need_the_users_and_groups_that_they_name) {
    BOOST_TEST(first_error(R"({"access": {"/a": "users"}})") ==
               at + "1:2: /access: it asks for users, but nobody is known here: name a file of users in "
                    "auth.users (lines are "
                    "made by \"fairlead hash-password --user NAME\")");
    BOOST_TEST(
        first_error(
            R"({"auth": {"users": "u", "groups": {"stuff": "ann"}}, "access": {"/a": "group staff"}})") ==
        at + "1:54: /access: \"/a\" lets in the group \"staff\", which is not in auth.groups: add it there, "
             "or correct the name");
    given::must_load(
        R"({"auth": {"users": "u", "groups": {"staff": "ann"}}, "access": {"/a": "group staff"}})");
    given::must_load(R"({"access": {"/a": "10.0.0.0/8"}})");
    // A group of the level above counts.
    given::must_load(
        R"({"auth": {"users": "u", "groups": {"staff": "ann"}}, "routes": {"/a": {"access": {"/a/**": "group staff"}}}})");
}

BOOST_AUTO_TEST_CASE(bad_groups_and_realms) {
    BOOST_TEST((first_error(R"({"auth": {"groups": {"staff": "ann bob"}}})").find("\"ann bob\" is no name") !=
                std::string::npos));
    BOOST_TEST(
        (first_error(R"({"auth": {"groups": {"staff": ""}}})").find("\"\" is no name") != std::string::npos));
    for (const auto* realm : {R"("")", R"("a\"b")", R"("a\\b")", R"("\u00e9")", R"("a\nb")"})
        BOOST_TEST(
            (first_error("{\"auth\": {\"realm\": " + std::string(realm) + "}}").find("printable ASCII") !=
             std::string::npos),
            realm);
}

BOOST_AUTO_TEST_CASE(rules_of_a_route_come_first_and_have_to_be_for_it) {
    const auto all = given::must_load(R"({"access": {"/a/**": "10.0.0.0/8", "GET /**": "public"},
"routes": {"/a": {"access": {"/a/b": "public", "/a/**": "deny"}}, "/b": {}}})")
                         .values;
    const named_values expected{{"/a/b", "public"}, {"/a/**", "deny"}, {"GET /**", "public"}};
    BOOST_TEST((all.site.routes.at(0).delivery.access == expected));
    BOOST_TEST((all.site.routes.at(1).delivery.access == all.site.delivery.access));
    BOOST_TEST(first_error(R"({"routes": {"/a": {"access": {"/b/**": "public"}}}})") ==
               at + "1:20: /routes/~1a/access/~1b~1**: it can never decide, since all paths here are \"/a\" "
                    "or below it: write whole "
                    "paths, or move it to the top");
    BOOST_TEST(
        first_error(R"({"routes": {"/a": {"methods": ["GET"], "access": {"PUT /a/**": "public"}}}})") ==
        at + "1:40: /routes/~1a/access/PUT ~1a~1**: it can never decide, since methods has none of its "
             "methods: add one "
             "there, or remove it");
    const std::string no_method =
        "it can never decide, since methods has none of its methods: add one there, or remove it";
    BOOST_TEST(first_error(R"({"methods": ["GET"], "access": {"PUT /x/**": "public"}})") ==
               at + "1:22: /access: \"PUT /x/**\": " + no_method);
    BOOST_TEST(
        first_error(
            R"({"methods": ["GET"], "access": {"PUT /x/**": "public"}, "routes": {"/a": {"methods": ["GET", "HEAD"]}}})") ==
        at + "1:22: /access: \"PUT /x/**\": " + no_method);
    BOOST_TEST(
        first_error(R"({"sites": {"a.example": {"methods": ["GET"], "access": {"PUT /x/**": "public"}}}})") ==
        at + "1:46: /sites/a.example/access/PUT ~1x~1**: " + no_method);
    // A place that answers more may be what they are for.
    given::must_load(
        R"({"methods": ["GET"], "access": {"PUT /x/**": "public"}, "sites": {"a.example": {"methods": []}}})");
    given::must_load(
        R"({"methods": ["GET"], "access": {"PUT /x/**": "public"}, "routes": {"/x": {"methods": ["GET", "PUT"], "uploads": {"directory": "/srv/in", "accept": ["put"]}}}})");
    given::must_load(
        R"({"sites": {"a.example": {"methods": ["GET"], "access": {"PUT /x/**": "public"}, "routes": {"/x": {"methods": []}}}}})");
    // Those from above are for other routes.
    given::must_load(R"({"access": {"PUT /x/**": "public"}, "routes": {"/a": {"methods": ["GET"]}}})");
}

BOOST_AUTO_TEST_CASE(users_do_not_lie_where_clients_may_reach_them) {
    const std::string why = ", where clients may read or replace it; move it to a directory outside of it";
    given::must_refuse(R"({"root": "/srv/www", "auth": {"users": "/srv/www/users"}})",
                       {at + "1:31: /auth/users: \"/srv/www/users\" lies inside root \"/srv/www\"" + why});
    given::must_refuse(
        R"({"uploads": {"directory": "/srv/in"}, "auth": {"users": "/srv/in/a/users"}})",
        {at + "1:48: /auth/users: \"/srv/in/a/users\" lies inside uploads.directory \"/srv/in\"" + why});
    // What another level publishes counts, too.
    given::must_refuse(R"({"root": "/srv/www", "auth": {"users": "/etc/users"},
"sites": {"a.example": {"root": "/etc"}}})",
                       {at + "1:31: /auth/users: \"/etc/users\" lies inside root \"/etc\"" + why});
    given::must_refuse(R"({"root": "/srv/www", "sites": {"a.example": {"routes": {"/a": {
"auth": {"users": "/srv/www/users"}}}}}})",
                       {at +
                        "2:10: /sites/a.example/routes/~1a/auth/users: \"/srv/www/users\" lies inside root "
                        "\"/srv/www\"" +
                        why});
    // A folder beside one that is published is not in it.
    (void)given::must_load(R"({"root": "/srv/www", "auth": {"users": "/srv/www-users"}})");
    (void)given::must_load(
        R"({"root": "/srv/www", "uploads": {"path": "", "directory": "/srv/in"}, "auth": {"users": "/srv/in/users"}})");
}

std::vector<std::string> warnings(const std::string& text) { return given::must_load(text).warnings; }

BOOST_AUTO_TEST_CASE(what_is_probably_not_meant) {
    const auto unused = warnings(R"({"auth": {"users": "/u"}})");
    BOOST_TEST_REQUIRE(unused.size() == 1u);
    BOOST_TEST(unused.front().starts_with("auth.users: \"/u\" protects nothing"));
    BOOST_TEST(
        warnings(R"({"auth": {"users": "/u"}, "routes": {"/a": {"access": {"/a/**": "users"}}}})").empty());
    const std::string guarded = R"("auth": {"users": "/u"}, "access": {"/**": "users"}})";
    BOOST_TEST(warnings(R"({"listen": ["127.0.0.1:80", "[::1]:80", "localhost:81"], )" + guarded).empty());
    const auto open = warnings(R"({"listen": ["127.0.0.1:81", "*:80"], )" + guarded);
    BOOST_TEST_REQUIRE(open.size() == 1u);
    BOOST_TEST(open.front().starts_with("auth.users: passwords are not encrypted on their way to \"*:80\""));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
