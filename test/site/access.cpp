// Who gets what, through a whole connection: the order of 401, 403, 404 and 405 tells nothing of what is
// there.
#include "site/site.hpp"

#include "../session/requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <algorithm>

namespace fairlead::site {
namespace {

using namespace test;

// "ann:wonder" and "eve:apple", as libcrypt hashes them with the least rounds.
constexpr std::string_view users_text =
    "ann:$6$rounds=1000$saltsalt$LebIiWVZl3zGeVs2ToRkhzuhQ4MYDU."
    "9mmMnG9L0hwtoyVhMIX9J52giGFvUfdZKAxaAEZ8lBkzFQLuwzXMPC/\n"
    "eve:$6$rounds=1000$saltsalt$O2rYeTHait2NwGkK6cZ9IHxvMoROn.4yZM."
    "SZVVkOBRgqAulcmmfUU30fDd2ihKm7UHi9EPQJ9ONsZfQi9NQ9.\n";

constexpr std::string_view nobody = "";
constexpr std::string_view ann = "Authorization: Basic YW5uOndvbmRlcg==\r\n";
constexpr std::string_view eve = "Authorization: Basic ZXZlOmFwcGxl\r\n";
constexpr std::string_view ann_wrong = "Authorization: Basic YW5uOndyb25n\r\n";
constexpr std::string_view unknown = "Authorization: Basic em9lOndvbmRlcg==\r\n";

const std::vector<http::named_value> users_only{{"/**", "users"}};

class guarded_site : public session_fixture {
public:
    explicit guarded_site(std::vector<http::named_value> access, const change& adjust = {})
        : session_fixture([&](config::settings& all) {
              const auto users = std::filesystem::path(all.site.delivery.root).parent_path() / "users";
              write_file(users, users_text);
              BOOST_REQUIRE(::chmod(users.c_str(), 0640) == 0);
              all.site.delivery.auth.users = users.string();
              all.site.delivery.access = std::move(access);
              if (adjust) adjust(all);
          }) {
        folder.write("www/team/index.html", "team");
        folder.write("www/team/a.txt", "a");
        folder.write("www/team/program.exe", "MZ");
        folder.write("www/team/.env", "secret");
        folder.write("www/team/sub/b.txt", "b");
    }

    answer ask(std::string_view method, std::string_view target, std::string_view lines) {
        auto all = all_answers(serve(request(std::string(method) + " " + std::string(target), lines)).bytes);
        BOOST_REQUIRE_EQUAL(all.size(), 1u);
        return all.front();
    }
    unsigned status(std::string_view method, std::string_view target, std::string_view lines) {
        return ask(method, target, lines).status;
    }
    bool has_logged(std::string_view text) const {
        return std::any_of(log_lines.begin(), log_lines.end(),
                           [&](const auto& line) { return line.find(text) != std::string::npos; });
    }
};

BOOST_AUTO_TEST_SUITE(access)

BOOST_AUTO_TEST_CASE(the_table) {
    const std::vector<http::named_value> rules{{"/team/**", "user ann"}, {"/**", "public"}};
    const struct {
        std::string_view method, target;
        unsigned allowed;
    } rows[] = {
        {"GET", "/team/a.txt", 200},
        {"GET", "/team/missing.txt", 404},
        {"GET", "/team/", 200},
        {"GET", "/team", 301},
        {"GET", "/team/sub/", 404},
        {"GET", "/team/.env", 404},
        {"GET", "/team/program.exe", 415},
        {"GET", "/team/missing.exe", 415},
        {"POST", "/team/a.txt", 405},
        {"DELETE", "/team/missing", 405},
        {"QUERY", "/team/a.txt", 501},
        {"OPTIONS", "/team/a.txt", 204},
    };
    for (const auto& [method, target, allowed] : rows) BOOST_TEST_CONTEXT(method << " " << target) {
            guarded_site server(rules);
            BOOST_TEST(server.status(method, target, nobody) == 401u);
            BOOST_TEST(server.status(method, target, ann_wrong) == 401u);
            BOOST_TEST(server.status(method, target, unknown) == 401u);
            BOOST_TEST(server.status(method, target, eve) == 403u);
            // Once by the pool, and once by what is remembered.
            BOOST_TEST(server.status(method, target, ann) == allowed);
            BOOST_TEST(server.status(method, target, ann) == allowed);
        }
}

BOOST_AUTO_TEST_CASE(a_folder_with_the_name_of_a_file_is_told_to_who_may_see_it) {
    guarded_site server({{"/near.d/", "deny"}, {"/linked.d/", "deny"}, {"/**", "public"}});
    for (const auto* name : {"near.d", "far.d", "linked.d"})
        server.folder.write(std::string("www/") + name + "/index.html", "x");
    std::filesystem::create_symlink("linked.d", server.folder / "www/link.d");
    BOOST_TEST(server.status("GET", "/far.d", nobody) == 301u);
    // As what is not there at all.
    for (const auto* hidden : {"/near.d", "/link.d", "/missing.d"})
        BOOST_TEST(server.status("GET", hidden, nobody) == 415u, hidden);
}

BOOST_AUTO_TEST_CASE(where_everybody_may_credentials_do_not_matter) {
    guarded_site server({{"/team/**", "user ann"}, {"GET /**", "public"}});
    for (const auto who : {nobody, ann, eve, ann_wrong, unknown})
        BOOST_TEST(server.status("GET", "/", who) == 200u);
    BOOST_TEST(server.status("POST", "/", ann) == 403u);
    BOOST_TEST(server.status("GET", "/livez", ann_wrong) == 200u);
    BOOST_TEST(server.status("OPTIONS", "*", nobody) == 204u);
    BOOST_TEST(server.ask("GET", "/", nobody).field("Cache-Control") == "no-cache");
}

BOOST_AUTO_TEST_CASE(what_is_for_some_stays_out_of_shared_caches) {
    const std::pair<const char*, bool> rules[] = {
        {"public, max-age=60", true}, {"no-cache=\"Set-Cookie\"", true}, {"private=\"Set-Cookie\"", true},
        {"no-cache", false},          {"max-age=60, No-Store", false},   {"private", false},
    };
    for (const auto& [value, is_added] : rules) {
        guarded_site server(users_only, [value = value](config::settings& all) {
            all.site.delivery.cache_control = {{"**", value}};
        });
        const auto head = server.ask("GET", "/", ann).head;
        BOOST_TEST(head.find("\r\nCache-Control: " + std::string(value) + "\r\n") != std::string::npos,
                   value);
        BOOST_TEST((head.find("\r\nCache-Control: private\r\n") != std::string::npos) ==
                       (is_added || std::string_view(value) == "private"),
                   value);
    }
}

BOOST_AUTO_TEST_CASE(refusals_say_what_to_do) {
    guarded_site server(users_only);
    const auto asked = server.ask("GET", "/", nobody);
    BOOST_TEST(asked.field("WWW-Authenticate") == "Basic realm=\"Fairlead\", charset=\"UTF-8\"");
    BOOST_TEST((asked.head.find("Cache-Control: private") != std::string::npos));
    BOOST_TEST(!server.has_logged("event=auth"));
    (void)server.ask("GET", "/", ann_wrong);
    BOOST_TEST(server.has_logged("wrong password of user ann"));
    (void)server.ask("GET", "/", unknown);
    BOOST_TEST(server.has_logged("no such user"));
    BOOST_TEST(!server.has_logged("zoe"));
    BOOST_TEST(server.status("GET", "/", std::string(ann) + std::string(ann)) == 400u);
    BOOST_TEST(server.status("GET", "/", "Authorization: Basic " + std::string(1025, 'A') + "\r\n") == 431u);
    BOOST_TEST(server.status("GET", "/", "Authorization: Bearer abc\r\n") == 401u);
}

BOOST_AUTO_TEST_CASE(who_asks_for_a_tunnel_is_asked_by_a_proxy) {
    guarded_site server({{"CONNECT /", "user ann"}, {"/**", "users"}},
                        [](config::settings& all) { all.site.connect.allow = {"example.org"}; });
    const auto as_proxy = [](std::string_view line) { return "Proxy-" + std::string(line); };
    const struct {
        std::string lines;
        unsigned status;
    } rows[] = {
        {"", 407},
        {std::string(ann), 407},  // which is for somebody behind the tunnel
        {as_proxy(ann_wrong), 407},
        {as_proxy(unknown), 407},
        {as_proxy(eve), 403},
        {as_proxy(ann), 400},  // has passed, to where the form of the address is refused
        {as_proxy(ann) + std::string(ann_wrong), 400},
    };
    for (const auto& [lines, status] : rows) BOOST_TEST_CONTEXT(lines) {
            // What stands behind the request is for the destination, and is no request.
            const auto served = server.serve(request("CONNECT 127.1:443", lines) + get("/livez"));
            const auto all = all_answers(served.bytes);
            BOOST_TEST_REQUIRE(all.size() == 1u);
            BOOST_TEST(all.front().status == status);
            BOOST_TEST((served.end == session::step::linger));
            BOOST_TEST(all.front().field("Proxy-Authenticate") ==
                       (status == 407 ? "Basic realm=\"Fairlead\", charset=\"UTF-8\"" : ""));
            BOOST_TEST(!all.front().has_field("WWW-Authenticate"));
        }
    BOOST_TEST(server.has_logged("event=auth"));
    BOOST_TEST(server.has_logged("wrong password of user ann"));
    BOOST_TEST(!server.has_logged("YW5uOn"));
    const auto twice = server.ask("CONNECT", "127.1:443", as_proxy(ann) + as_proxy(ann));
    BOOST_TEST(twice.status == 400u);
    BOOST_TEST(twice.body.find("Proxy-Authorization is there more than once") != std::string::npos);
    BOOST_TEST(server.status("GET", "/", as_proxy(ann)) == 401u);
    BOOST_TEST(server.status("GET", "/", as_proxy(ann_wrong) + std::string(ann)) == 200u);
}

BOOST_AUTO_TEST_CASE(many_failures_are_followed_by_429) {
    guarded_site server(users_only);
    for (int i = 0; i < 10; ++i) BOOST_TEST(server.status("GET", "/", ann_wrong) == 401u);
    const auto paused = server.ask("GET", "/", ann);
    BOOST_TEST(paused.status == 429u);
    BOOST_TEST(paused.field("Retry-After") == "1");
    BOOST_TEST(server.has_logged("event=throttle"));
}

BOOST_AUTO_TEST_CASE(what_is_served_in_place_of_a_path_needs_to_be_allowed) {
    guarded_site server({{"/team/**", "user ann"}, {"/closed/**", "user ann"}, {"/**", "public"}},
                        [](config::settings& all) {
                            all.site.rewrites = {{"/open/**", "/team/a.txt"}, {"/closed/**", "/index.html"}};
                            all.site.delivery.try_paths = {"/team/index.html", "/index.html"};
                        });
    std::filesystem::create_symlink("team/a.txt", server.folder / "www/link.txt");
    std::filesystem::create_symlink("team", server.folder / "www/linked");
    for (const auto* target : {"/open/x", "/closed/x"}) {
        BOOST_TEST(server.status("GET", target, nobody) == 401u, target);
        BOOST_TEST(server.status("GET", target, eve) == 403u, target);
        BOOST_TEST(server.status("GET", target, ann) == 200u, target);
    }
    BOOST_TEST(server.ask("GET", "/nothing", nobody).body == "<p>hello</p>\n");
    for (const auto* target : {"/link.txt", "/linked/a.txt"})
        BOOST_TEST(server.status("GET", target, nobody) == 404u, target);
}

BOOST_AUTO_TEST_CASE(a_listing_shows_nothing_of_what_is_denied_through_links) {
    guarded_site server({{"/private/**", "user ann"},
                         {"/pub/secret.txt", "user ann"},
                         {"/pub/**", "public"},
                         {"/open/**", "public"}},
                        [](config::settings& all) { all.site.delivery.listing = true; });
    server.folder.write("www/private/plans.txt", "plans");
    server.folder.write("www/private/deep/more.txt", "more");
    server.folder.write("www/pub/seen.txt", "seen");
    server.folder.write("www/pub/secret.txt", "secret");
    const auto pub = server.folder / "www/pub";
    std::filesystem::create_symlink("../private", pub / "all");
    std::filesystem::create_symlink("..", pub / "root");
    std::filesystem::create_symlink("../private/plans.txt", pub / "one.txt");
    std::filesystem::create_symlink("seen.txt", pub / "twin.txt");
    std::filesystem::create_symlink("pub", server.folder / "www/open");
    const auto shows = [](const answer& page, std::string_view name) {
        return page.body.find(name) != std::string::npos;
    };

    for (const auto* target : {"/pub/all", "/pub/all/", "/pub/all/deep/", "/pub/root/", "/pub/root/private/"})
        BOOST_TEST(server.status("GET", target, nobody) == 404u, target);
    for (const auto* target : {"/pub/", "/open/"}) BOOST_TEST_CONTEXT(target) {
            const auto page = server.ask("GET", target, nobody);
            BOOST_TEST(page.status == 200u);
            BOOST_TEST(shows(page, "seen.txt"));
            BOOST_TEST(shows(page, "twin.txt"));
            for (const auto* name : {"secret.txt", "one.txt", "all", "root"})
                BOOST_TEST(!shows(page, "href=\"./" + std::string(name)), name);
        }
    // What was read is shared with who may see more.
    BOOST_TEST(server.status("GET", "/private/", ann) == 200u);
    BOOST_TEST(server.status("GET", "/private/", nobody) == 401u);
    BOOST_TEST(server.status("GET", "/pub/all/", nobody) == 404u);
}

BOOST_AUTO_TEST_CASE(rules_of_a_route_stand_before_those_of_the_site) {
    guarded_site server({{"/team/**", "user ann"}, {"/**", "public"}}, [](config::settings& all) {
        config::route_settings route;
        route.path = "/team/sub";
        route.delivery = all.site.delivery;
        route.delivery.access = {{"/team/sub/**", "user eve"}, {"/**", "deny"}};
        route.limits = all.limits;
        all.site.routes = {route};
    });
    BOOST_TEST(server.status("GET", "/team/sub/b.txt", ann) == 403u);
    BOOST_TEST(server.status("GET", "/team/sub/b.txt", eve) == 200u);
    BOOST_TEST(server.status("GET", "/team/a.txt", eve) == 403u);
    BOOST_TEST(server.status("GET", "/team/a.txt", ann) == 200u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
