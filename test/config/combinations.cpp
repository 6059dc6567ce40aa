#include "given.hpp"

#include "config/cross_checks.hpp"

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(combinations)

BOOST_AUTO_TEST_CASE(the_hard_limit_follows_the_soft_one_unless_it_is_given) {
    const std::pair<const char*, unsigned> cases[] = {
        {R"({})", 1280},
        {R"({"limits": {"connections": 1024}})", 1280},
        {R"({"limits": {"connections": 4096}})", 5120},
        {R"({"limits": {"connections": 1}})", 2},
        {R"({"limits": {"connections": 200, "connections_hard": 5000}})", 5000},
        {R"({"limits": {"connections": 200, "connections_hard": 200}})", 200},
        {R"({"limits": {"connections_hard": 5000}})", 5000},
    };
    for (const auto& [text, hard] : cases) BOOST_TEST_CONTEXT(text)
    BOOST_TEST(given::must_load(text).values.limits.connections_hard == hard);
    BOOST_TEST(given::must_load(R"({"limits": {"connections": 4096}})")
                   .origin_of("limits.connections_hard")
                   .text() == "default, fitted to what was given");
}

BOOST_AUTO_TEST_CASE(a_hard_limit_below_the_soft_one_is_refused) {
    given::must_refuse(
        "{\"limits\": {\n\"connections_hard\": 100}}",
        {"/etc/fairlead/site.json:2:1: /limits/connections_hard: it is 100, below limits.connections "
         "(1024), so no refused client could get a 503; raise it, or leave it out: then it is a quarter "
         "above limits.connections"});
}

BOOST_AUTO_TEST_CASE(the_pressed_idle_timeout_is_the_shorter_one) {
    BOOST_TEST(
        (given::must_load(R"({"limits": {"idle_timeout": "1s"}})").values.limits.idle_timeout_pressed == 1s));
    BOOST_TEST(
        (given::must_load(R"({"limits": {"idle_timeout": "1m"}})").values.limits.idle_timeout_pressed == 2s));
    given::must_refuse(
        R"({"limits": {"idle_timeout_pressed": "1m"}})",
        {"/etc/fairlead/site.json:1:13: /limits/idle_timeout_pressed: it is 1m, above limits.idle_timeout "
         "(30s), but must be the shorter of the two; lower it"});
}

BOOST_AUTO_TEST_CASE(uploads_inside_the_root_are_refused_unless_meant) {
    const auto refused = [](const std::string& root, const std::string& directory) {
        const auto text = "{\"root\": \"" + root + "\", \"uploads\": {\"directory\": \"" + directory + "\"}}";
        return !given::errors_of(given::load_site(text)).empty();
    };
    BOOST_TEST(refused("/srv/www", "/srv/www"));
    BOOST_TEST(refused("/srv/www", "/srv/www/uploads"));
    BOOST_TEST(refused("/srv/www/", "/srv/x/../www/uploads/"));
    BOOST_TEST(refused("/", "/uploads"));
    BOOST_TEST(refused("www", "www/up"));
    BOOST_TEST(!refused("/srv/www", "/srv/www-uploads"));
    BOOST_TEST(refused("/srv/www", "/srv"));
    BOOST_TEST(refused("/srv/www", "/"));
    BOOST_TEST(!refused("/srv/www", "/srv/ww"));
    BOOST_TEST(!refused("/srv/www", "/srv/www/../uploads"));

    given::must_load(R"({"root": "www", "uploads": {"directory": "www/up", "inside_root": true}})");
    given::must_load(R"({"root": "www", "uploads": {"directory": "www/up", "path": ""}})");
    given::must_refuse(
        R"({"root": "www", "uploads": {"directory": "www/up"}})",
        {"/etc/fairlead/site.json:1:29: /uploads/directory: \"/etc/fairlead/www/up\" lies inside root "
         "\"/etc/fairlead/www\", so everyone could fetch what was uploaded; choose a directory outside "
         "of it, or set uploads.inside_root to true if that is meant"});
    // The blame is where the value came from.
    BOOST_TEST(given::errors_of(given::load_site(R"({"root": "/w"})",
                                                 given::variables({{"FAIRLEAD_UPLOADS_DIRECTORY", "/w"}})))
                   .at(0)
                   .starts_with("environment FAIRLEAD_UPLOADS_DIRECTORY: /uploads/directory: "));
}

BOOST_AUTO_TEST_CASE(the_site_and_its_administration_need_different_addresses) {
    given::must_refuse(
        R"({"listen": "127.0.0.1:9180"})",
        {"default: /admin/listen: \"127.0.0.1:9180\" is an address of the site (listen) already; use "
         "another port"});
    given::must_load(R"({"listen": "127.0.0.1:9180", "admin": {"listen": []}})");
    given::must_load(R"({"listen": "127.0.0.1:0", "admin": {"listen": "127.0.0.1:0"}})");
}

BOOST_AUTO_TEST_CASE(an_administration_that_others_reach_is_a_warning) {
    for (const auto* address : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"})
        BOOST_TEST_CONTEXT(address) {
            const auto text = "{\"admin\": {\"listen\": \"" + std::string(address) + "\"}}";
            BOOST_TEST(given::must_load(text).warnings.empty());
        }
    BOOST_TEST(given::must_load(R"({"admin": {"listen": "*:9180"}})").warnings.at(0) ==
               "admin.listen: \"*:9180\" may be reached from other machines, and metrics are shown to "
               "everyone who asks; "
               "use 127.0.0.1 unless the network is private");
}

BOOST_AUTO_TEST_CASE(a_combination_with_a_refused_value_is_not_judged) {
    BOOST_TEST(
        given::errors_of(given::load_site(R"({"limits": {"connections": "x", "connections_hard": 1}})"))
            .size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
