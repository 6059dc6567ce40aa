#include "http/cache_rules.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(cache_rules_suite)

cache_rules must_parse(const std::vector<named_value>& rules) {
    auto parsed = cache_rules::parse(rules);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), parsed.error());
    return *parsed;
}

BOOST_AUTO_TEST_CASE(the_first_rule_that_matches_counts) {
    const auto rules = must_parse({{"/private/**", "no-store"},
                                   {"*.{js,css}", "public, max-age=31536000, immutable"},
                                   {"index.html", ""},
                                   {"image/*", "max-age=60"},
                                   {"text/plain", "max-age=5"},
                                   {"*.js", "no-store"}});
    const struct {
        std::string_view path, type, value;
    } rows[] = {
        {"/app.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
        {"/a/b/app.css", "text/css", "public, max-age=31536000, immutable"},
        {"/private/app.js", "text/javascript", "no-store"},
        {"/private/a/b.png", "image/png", "no-store"},
        {"/private", "image/png", "max-age=60"},
        {"/index.html", "text/html; charset=utf-8", ""},
        {"/sub/index.html", "text/html", ""},
        {"/my-index.html", "text/html", "no-cache"},
        {"/a.png", "image/png", "max-age=60"},
        {"/a.png", "IMAGE/PNG", "max-age=60"},
        {"/a", "image/", "no-cache"},
        {"/a", "imagex/png", "no-cache"},
        {"/a.txt", "text/plain ; charset=utf-8", "max-age=5"},
        {"/a.txt", "text/plainer", "no-cache"},
        {"/app.JS", "application/x", "no-cache"},
    };
    for (const auto& [path, type, value] : rows)
        BOOST_TEST_CONTEXT(path << " " << type) BOOST_TEST(rules.find(path, type).value == value);
    BOOST_TEST(cache_rules().find("/x", "text/html").value == "no-cache");
}

BOOST_AUTO_TEST_CASE(what_the_server_has_to_know_of_a_value) {
    const auto parsed = [](std::string_view value) { return cache_control::parse(value); };
    BOOST_TEST(parsed("public, max-age=3600")->max_age->count() == 3600);
    BOOST_TEST(parsed("MAX-AGE=0")->max_age->count() == 0);
    BOOST_TEST(!parsed("s-maxage=5")->max_age);
    BOOST_TEST(parsed("public")->allows_transform);
    BOOST_TEST(!parsed("public, No-Transform")->allows_transform);
    BOOST_TEST(parsed("private=\"a, b\", x=y")->value == "private=\"a, b\", x=y");
    for (const auto* wrong : {"max-age", "max-age=", "max-age=x", "max-age=-1", "max-age=99999999999",
                              "public max-age=1", "a=b=c d", "\x01", "=5", "max-age=\"5"})
        BOOST_TEST(!parsed(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(a_bad_rule_is_refused_with_what_to_write) {
    for (const auto& [pattern, value] : std::vector<named_value>{{"*.js", "max age"},
                                                                 {"a/b/c", "no-store"},
                                                                 {"text/html; q=1", "no-store"},
                                                                 {"[a", "no-store"},
                                                                 {"/a/{b", "no-store"},
                                                                 {"a /b", "no-store"}})
        BOOST_TEST(!cache_rules::parse({{pattern, value}}).has_value(), pattern);
}

BOOST_AUTO_TEST_CASE(directives_are_found_by_name) {
    BOOST_TEST(has_directive("no-transform", "no-transform"));
    BOOST_TEST(has_directive("max-age=0 , No-Transform", "no-transform"));
    BOOST_TEST(!has_directive("no-transformer", "no-transform"));
    BOOST_TEST(!has_directive("x=\"no-transform, no-transform\"", "no-transform"));
    BOOST_TEST(!has_directive("", "no-transform"));
}

BOOST_AUTO_TEST_CASE(types_are_matched_without_parameters) {
    const std::vector<std::string> types{"text/*", "application/json"};
    BOOST_TEST(is_of_types("text/html; charset=utf-8", types));
    BOOST_TEST(is_of_types("Application/JSON", types));
    BOOST_TEST(!is_of_types("application/json5", types));
    BOOST_TEST(!is_of_types("text/", types));
    BOOST_TEST(!is_of_types("", types));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
