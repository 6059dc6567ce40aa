// What sites and routes make of a request, through a whole connection.
#include "site/site.hpp"

#include "../session/requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::site {
namespace {

using namespace test;

/// The only answer to one request.
answer ask(session_fixture& server, const std::string& bytes) {
    auto all = all_answers(server.serve(bytes).bytes);
    BOOST_REQUIRE_EQUAL(all.size(), 1u);
    return all.front();
}
answer ask_host(session_fixture& server, std::string_view host, std::string_view target) {
    return ask(server, "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
}

std::string repeated_text() {
    std::string text;
    while (text.size() < 20'000) text += "the same line again and again\n";
    return text;
}

config::route_settings route(const config::settings& all, std::string path) {
    config::route_settings made;
    made.path = std::move(path);
    made.delivery = all.site.delivery;
    made.limits = all.limits;
    return made;
}

BOOST_AUTO_TEST_SUITE(delivery)

BOOST_AUTO_TEST_CASE(each_host_has_its_own_root_and_rules) {
    temp_dir other;
    other.write("index.html", "other");
    other.write("only-here.txt", "x");
    session_fixture server([&](config::settings& all) {
        all.site.hosts = {"www.example.org"};
        config::site_settings site;
        site.delivery = all.site.delivery;
        site.delivery.root = other.path().string();
        site.hosts = {"other.example.org", "*.other.example.org"};
        site.redirects = {{"/moved", "/to"}};
        all.sites.push_back(site);
    });
    BOOST_TEST(ask_host(server, "www.example.org", "/").body == "<p>hello</p>\n");
    BOOST_TEST(ask_host(server, "localhost", "/").body == "<p>hello</p>\n");
    BOOST_TEST(ask_host(server, "OTHER.example.org:8080", "/").body == "other");
    BOOST_TEST(ask_host(server, "a.b.other.example.org", "/").body == "other");
    BOOST_TEST(ask_host(server, "other.example.org", "/moved").status == 302u);
    BOOST_TEST(ask_host(server, "www.example.org", "/moved").status == 404u);
    BOOST_TEST(ask_host(server, "www.example.org", "/only-here.txt").status == 404u);
    BOOST_TEST(ask_host(server, "unknown.example.org", "/").status == 403u);
    // Uploads are the default site's; an absolute target wins over Host.
    BOOST_TEST(ask_host(server, "other.example.org", "/upload").status == 404u);
    BOOST_TEST(ask_host(server, "www.example.org", "http://other.example.org/").body == "other");
    // Health checks answer under any name.
    BOOST_TEST(ask_host(server, "unknown.example.org", "/livez").status == 200u);
    BOOST_TEST(ask_host(server, "other.example.org", "/readyz").status == 200u);
}

BOOST_AUTO_TEST_CASE(the_longest_route_that_fits_counts) {
    temp_dir docs;
    docs.write("a.txt", "docs");
    docs.write("deep/a.txt", "docs below");
    session_fixture server([&](config::settings& all) {
        auto own = route(all, "/docs");
        own.has_own_root = true;
        own.delivery.root = docs.path().string();
        own.delivery.headers = {{"X-Where", "docs"}};
        own.delivery.listing = true;
        auto deeper = route(all, "/docs/deep");
        deeper.delivery.headers = {{"X-Where", "deeper"}};
        auto same_root = route(all, "/sub");
        same_root.delivery.headers = {{"X-Where", "sub"}};
        all.site.routes = {own, deeper, same_root};
    });
    BOOST_TEST(ask(server, get("/docs/a.txt")).body == "docs");
    BOOST_TEST(ask(server, get("/docs/a.txt")).field("X-Where") == "docs");
    // Without a root of its own a route shows what lies there below the site's.
    BOOST_TEST(ask(server, get("/docs/deep/a.txt")).status == 404u);
    BOOST_TEST(ask(server, get("/docs/deep/a.txt")).field("X-Where") == "deeper");
    BOOST_TEST(ask(server, get("/sub/")).body == "<p>below</p>\n");
    BOOST_TEST(ask(server, get("/sub/")).field("X-Where") == "sub");
    BOOST_TEST(ask(server, get("/subway")).field("X-Where") == "");
    const auto bare = ask(server, get("/docs?x"));
    BOOST_TEST(bare.status == 301u);
    BOOST_TEST(bare.field("Location") == "/docs/?x");
    BOOST_TEST(ask(server, get("/docs/?format=json")).body.find("\"deep\"") != std::string::npos);
    // Nothing of the site's root is reached through the route, and the other way round.
    BOOST_TEST(ask(server, get("/docs/index.html")).status == 404u);
    BOOST_TEST(ask(server, get("/docs/../index.html")).status == 403u);
    BOOST_TEST(ask(server, get("/a.txt")).status == 404u);
}

BOOST_AUTO_TEST_CASE(redirects_then_rewrites_then_the_usual_rules) {
    session_fixture server([](config::settings& all) {
        all.site.redirects = {{"/old/**", "301 /new/$1"},
                              {"/gone", "410"},
                              {"/out/*", "307 https://example.net/$1?from=us"},
                              {"/open/**", "/$1"}};
        all.site.rewrites = {{"/app/**", "/sub/index.html"}, {"/any/**", "/$1"}};
    });
    const auto where = [&](const std::string& target) {
        const auto seen = ask(server, get(target));
        return std::to_string(seen.status) + " " + std::string(seen.field("Location"));
    };
    BOOST_TEST(where("/old/a%20b?q=1") == "301 /new/a%20b?q=1");
    BOOST_TEST(where("/gone") == "410 ");
    BOOST_TEST(where("/out/x?y=2") == "307 https://example.net/x?from=us&y=2");
    BOOST_TEST(where("/open//evil.example") == "400 ");
    BOOST_TEST(where("/open/%5cevil.example") == "400 ");
    BOOST_TEST(ask(server, get("/app/user/7")).body == "<p>below</p>\n");
    BOOST_TEST(ask(server, request("HEAD /old/x")).status == 301u);
    BOOST_TEST(ask(server, request("DELETE /old/x")).status == 301u);
    // A path that is rewritten to what is refused is refused.
    BOOST_TEST(where("/any/program.exe") == "415 ");
    server.folder.write("www/.env", "secret");
    BOOST_TEST(where("/any/.env") == "404 ");
}

BOOST_AUTO_TEST_CASE(error_pages_are_found_from_the_inside_out) {
    session_fixture server([](config::settings& all) {
        all.site.delivery.error_pages = {{"404", "/not-there.html"}, {"415", "/not-there.html"}};
        auto plain = route(all, "/plain");
        plain.delivery.error_pages = {{"415", std::nullopt}};
        all.site.routes = {plain};
        std::ofstream(all.site.delivery.root + "/not-there.html") << "<h1>own</h1>";
    });
    const auto missing = ask(server, get("/nothing.txt"));
    BOOST_TEST(missing.status == 404u);
    BOOST_TEST(missing.body == "<h1>own</h1>");
    BOOST_TEST(missing.field("Content-Type") == "text/html; charset=utf-8");
    BOOST_TEST(missing.field("ETag") == "");
    BOOST_TEST(ask(server, get("/plain/nothing.txt")).body == "<h1>own</h1>");
    BOOST_TEST(ask(server, get("/x.exe")).body == "<h1>own</h1>");
    BOOST_TEST(ask(server, get("/plain/x.exe")).body.find("415 Unsupported") != std::string::npos);
    BOOST_TEST(ask(server, get("/nothing.txt", "Accept: application/json\r\n")).field("Content-Type") ==
               "application/problem+json");
    // Replaced pages are seen when the house is kept; one that vanished stays as it was.
    std::ofstream(server.settings.site.delivery.root + "/not-there.html") << "<h1>another</h1>";
    server.sites.keep_house();
    BOOST_TEST(ask(server, get("/nothing.txt")).body == "<h1>another</h1>");
    std::filesystem::remove(server.settings.site.delivery.root + "/not-there.html");
    server.sites.keep_house();
    BOOST_TEST(ask(server, get("/nothing.txt")).body == "<h1>another</h1>");
}

BOOST_AUTO_TEST_CASE(a_page_for_all_paths_stands_for_pages_only) {
    session_fixture server([](config::settings& all) {
        all.site.delivery.try_paths = {"$path.html", "/index.html"};
        std::ofstream(all.site.delivery.root + "/about.html") << "about";
    });
    for (const auto* page : {"/user/7", "/user/john.doe", "/deep/link/", "/x.html", "/sub/unknown"})
        BOOST_TEST(ask(server, get(page)).body == "<p>hello</p>\n", page);
    BOOST_TEST(ask(server, get("/about")).body == "about");
    BOOST_TEST(ask(server, get("/about/")).body == "about");
    BOOST_TEST(ask(server, get("/sub")).status == 301u);
    for (const auto* missing : {"/app.js", "/a.png", "/robots.txt", "/favicon.ico", "/.well-known/x",
                                "/.well-known/security.txt", "/.env", "/a/.git/config"})
        BOOST_TEST(ask(server, get(missing)).status == 404u, missing);
    BOOST_TEST(ask(server, request("POST /user/7", "Content-Length: 0\r\n")).status == 405u);
}

BOOST_AUTO_TEST_CASE(fields_of_the_configuration_are_on_every_answer_once) {
    session_fixture server([](config::settings& all) {
        all.site.delivery.headers = {
            {"X-Own", "1"}, {"Referrer-Policy", std::nullopt}, {"Accept-Ranges", "none"}};
        all.site.delivery.cors.origins = {"https://app.example.org"};
        all.site.redirects = {{"/old", "/new"}};
    });
    const std::string origin = "Origin: https://app.example.org\r\n";
    for (const auto& bytes :
         {get("/", origin), get("/middle.txt", origin), get("/nothing", origin), get("/old", origin),
          get("/x.exe", origin), request("TRACE /", origin), request("OPTIONS /", origin),
          post("{\"a\":1}", origin), post("{", origin), get("/middle.txt", origin + "Range: bytes=0-1\r\n"),
          get("/middle.txt", origin + "Range: bytes=99999-\r\n"), get("/livez", origin)}) {
        const auto seen = ask(server, bytes);
        BOOST_TEST_CONTEXT(bytes) {
            for (const auto* line : {"\r\nX-Own: 1\r\n", "\r\nX-Content-Type-Options: nosniff\r\n",
                                     "\r\nContent-Security-Policy: frame-ancestors 'self'\r\n",
                                     "\r\nAccess-Control-Allow-Origin: https://app.example.org\r\n"}) {
                const auto first = seen.head.find(line);
                BOOST_TEST(first != std::string::npos, line);
                BOOST_TEST(seen.head.find(line, first + 1) == std::string::npos, line);
            }
            BOOST_TEST(!seen.has_field("Referrer-Policy"));
            BOOST_TEST(seen.head.find("Accept-Ranges: bytes") == std::string::npos);
        }
    }
    const auto preflight =
        ask(server, request("OPTIONS /upload", origin + "Access-Control-Request-Method: GET\r\n"));
    BOOST_TEST(preflight.status == 204u);
    BOOST_TEST(preflight.field("Access-Control-Allow-Methods") == "GET, HEAD");
    BOOST_TEST(!preflight.has_field("Allow"));
}

BOOST_AUTO_TEST_CASE(a_file_is_compressed_once_and_each_coding_is_a_representation) {
    session_fixture server;
    server.folder.write("www/page.html", repeated_text());
    const auto plain = ask(server, get("/page.html"));
    BOOST_TEST(plain.field("Vary") == "Accept-Encoding");
    const auto first = ask(server, get("/page.html", "Accept-Encoding: gzip\r\n"));
    BOOST_TEST(first.field("Content-Encoding") == "gzip");
    BOOST_TEST(first.field("Vary") == "Accept-Encoding");
    BOOST_TEST(!first.has_field("Accept-Ranges"));
    BOOST_TEST(first.body.size() < 1'000u);
    BOOST_TEST(first.field("ETag") != plain.field("ETag"));
    const auto second = ask(server, get("/page.html", "Accept-Encoding: gzip\r\n"));
    BOOST_TEST((second.body == first.body));
    const auto head = server.serve(request("HEAD /page.html", "Accept-Encoding: br\r\n")).bytes;
    BOOST_TEST(head.find("\r\nContent-Encoding: br\r\n") != std::string::npos);
    BOOST_TEST(head.ends_with("\r\n\r\n"));

    const auto with = [&](std::string_view coding, std::string_view tag) {
        return ask(server, get("/page.html", "Accept-Encoding: " + std::string(coding) +
                                                 "\r\nIf-None-Match: " + std::string(tag) + "\r\n"));
    };
    // Also of a coding that was never made.
    const auto zstd_tag = std::string(plain.field("ETag")).insert(plain.field("ETag").size() - 1, "-zstd");
    for (const auto& same : {with("gzip", first.field("ETag")), with("zstd", zstd_tag)}) {
        BOOST_TEST(same.status == 304u);
        BOOST_TEST(same.field("Vary") == "Accept-Encoding");
        BOOST_TEST(same.field("Cache-Control") == "no-cache");
        BOOST_TEST(!same.has_field("Content-Type"));
        BOOST_TEST(!same.has_field("Content-Encoding"));
        BOOST_TEST(!same.has_field("Last-Modified"));
    }
    BOOST_TEST(with("gzip", plain.field("ETag")).status == 200u);
    BOOST_TEST(with("identity", first.field("ETag")).status == 200u);
    // Ranges are of the file as it is.
    const auto part = ask(server, get("/page.html", "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n"));
    BOOST_TEST(part.status == 206u);
    BOOST_TEST(part.body == repeated_text().substr(0, 10));
    BOOST_TEST(part.field("ETag") == plain.field("ETag"));
    BOOST_TEST(ask(server, get("/page.html", "Accept-Encoding: identity;q=0\r\n")).status == 406u);
    BOOST_TEST(ask(server, get("/page.html", "Accept-Encoding: gzip\r\nCache-Control: no-transform\r\n"))
                   .field("Content-Encoding") == "");
    // Too small, or not of a type that gets smaller.
    BOOST_TEST(!ask(server, get("/", "Accept-Encoding: gzip\r\n")).has_field("Vary"));
    server.folder.write("www/a.png", repeated_text());
    BOOST_TEST(!ask(server, get("/a.png", "Accept-Encoding: gzip\r\n")).has_field("Vary"));
}

BOOST_AUTO_TEST_CASE(names_below_well_known_need_no_extension) {
    session_fixture server;
    server.folder.write("www/.well-known/acme-challenge/token-1", "key");
    server.folder.write("www/.well-known/apple-app-site-association", "{}");
    server.folder.write("www/plain", "x");
    const auto token = ask(server, get("/.well-known/acme-challenge/token-1"));
    BOOST_TEST(token.body == "key");
    BOOST_TEST(token.field("Content-Type") == "text/plain; charset=utf-8");
    BOOST_TEST(ask(server, get("/.well-known/apple-app-site-association")).field("Content-Type") ==
               "application/json");
    BOOST_TEST(ask(server, get("/plain")).status == 415u);
    BOOST_TEST(ask(server, get("/.well-known/.hidden")).status == 404u);
}

BOOST_AUTO_TEST_CASE(a_route_may_be_below_well_known) {
    temp_dir tokens;
    tokens.write("token-1", "key");
    session_fixture server([&](config::settings& all) {
        auto acme = route(all, "/.well-known/acme-challenge");
        acme.has_own_root = true;
        acme.delivery.root = tokens.path().string();
        all.site.routes = {acme};
    });
    BOOST_TEST(ask(server, get("/.well-known/acme-challenge/token-1")).body == "key");
}

BOOST_AUTO_TEST_CASE(what_is_about_the_server_is_not_redirected) {
    session_fixture server([](config::settings& all) {
        all.site.redirects = {{"/old", "/new"}};
        all.site.delivery.cors.origins = {"*"};
    });
    BOOST_TEST(ask(server, request("TRACE /old")).status == 405u);
    const auto preflight =
        ask(server,
            request("OPTIONS /old", "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n"));
    BOOST_TEST(preflight.status == 204u);
    BOOST_TEST(preflight.field("Access-Control-Allow-Origin") == "*");
    BOOST_TEST(preflight.field("Cross-Origin-Resource-Policy") == "cross-origin");
    BOOST_TEST(ask(server, request("OPTIONS /old")).status == 302u);
}

BOOST_AUTO_TEST_CASE(a_preflight_is_answered_by_the_route_that_gets_the_request) {
    session_fixture server([](config::settings& all) {
        all.site.rewrites = {{"/v1/**", "/v2/$1"}};
        all.site.delivery.cors.origins = {"*"};
        auto own = route(all, "/v2");
        own.delivery.cors.origins = {"https://a.example"};
        all.site.routes = {own};
    });
    const auto preflight = [&](const std::string& path, const std::string& origin) {
        return ask(server, request("OPTIONS " + path,
                                   "Origin: " + origin + "\r\nAccess-Control-Request-Method: GET\r\n"));
    };
    for (const std::string path : {"/v1/x.txt", "/v2/x.txt"}) {
        BOOST_TEST(
            preflight(path, "https://a.example").field("Access-Control-Allow-Origin") == "https://a.example",
            path);
        BOOST_TEST(!preflight(path, "https://b.example").has_field("Access-Control-Allow-Origin"), path);
    }
    BOOST_TEST(preflight("/v3/x.txt", "https://b.example").field("Access-Control-Allow-Origin") == "*");
}

BOOST_AUTO_TEST_CASE(a_folder_may_have_the_name_of_a_file_that_is_not_served) {
    session_fixture server([](config::settings& all) { all.site.delivery.try_paths = {"/index.html"}; });
    server.folder.write("www/v1.2/index.html", "one");
    server.folder.write("www/.well-known/security.txt", "whom to tell");
    server.folder.write("www/tool.exe", "MZ");
    const auto moved = ask(server, get("/v1.2?{a}|b^`\\&c=%20"));
    BOOST_TEST(moved.status == 301u);
    BOOST_TEST(moved.field("Location") == "/v1.2/?%7Ba%7D%7Cb%5E%60%5C&c=%20");
    BOOST_TEST(ask(server, get("/v1.2/")).body == "one");
    BOOST_TEST(ask(server, get("/.well-known")).status == 301u);
    BOOST_TEST(ask(server, get("/tool.exe")).status == 415u);
    BOOST_TEST(ask(server, get("/users/john.doe")).body == "<p>hello</p>\n");
    std::filesystem::remove_all(server.folder / "www/.well-known");
    BOOST_TEST(ask(server, get("/.well-known")).status == 415u);

    session_fixture bare([](config::settings& all) { all.site.delivery.index.clear(); });
    bare.folder.make_folder("www/v1.2");
    BOOST_TEST(ask(bare, get("/v1.2")).status == 415u);
}

BOOST_AUTO_TEST_CASE(a_rewrite_to_a_folder_leads_nobody_in_a_circle) {
    session_fixture server([](config::settings& all) { all.site.rewrites = {{"/sub/**", "/sub"}}; });
    BOOST_TEST(ask(server, get("/sub")).field("Location") == "/sub/");
    BOOST_TEST(ask(server, get("/sub/")).status == 404u);
    BOOST_TEST(ask(server, get("/sub/deeper")).field("Location") == "/sub/");
}

BOOST_AUTO_TEST_CASE(what_is_made_anew_each_time_is_no_version_that_could_be_asked_for) {
    session_fixture server([](config::settings& all) {
        all.site.delivery.index.clear();
        all.site.delivery.listing = true;
    });
    for (const auto* path : {"/sub/", "/livez"}) {
        BOOST_TEST(ask(server, get(path, "If-Match: \"x\"\r\n")).status == 412u, path);
        BOOST_TEST(ask(server, get(path, "If-Match: *\r\n")).status == 200u, path);
        BOOST_TEST(ask(server, get(path, "If-None-Match: \"x\"\r\n")).status == 200u, path);
        const auto unchanged = ask(server, get(path, "If-None-Match: *\r\n"));
        BOOST_TEST(unchanged.status == 304u, path);
        BOOST_TEST(unchanged.has_field("Cache-Control"), path);
        BOOST_TEST(!unchanged.has_field("Content-Type"), path);
        BOOST_TEST(unchanged.body.empty(), path);
    }
}

BOOST_AUTO_TEST_CASE(options_of_the_server_are_those_of_all_its_parts) {
    session_fixture server([](config::settings& all) {
        all.uploads.path.clear();
        all.site.delivery.methods = {"GET"};
        auto drop = route(all, "/drop");
        drop.takes_uploads = true;
        drop.uploads = all.uploads;
        drop.uploads.accept = {"put", "delete"};
        drop.delivery.methods = {"PUT", "DELETE"};
        all.site.routes = {drop};
    });
    BOOST_TEST(ask(server, request("OPTIONS *")).field("Allow") == "GET, HEAD, PUT, DELETE, OPTIONS");
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_tried_like_a_file) {
    session_fixture server([](config::settings& all) {
        all.site.delivery.listing = true;
        all.site.delivery.try_paths = {"/index.html"};
    });
    BOOST_TEST(ask(server, get("/deep/link/")).body == "<p>hello</p>\n");
    server.folder.make_folder("www/there");
    BOOST_TEST(ask(server, get("/there/?format=json")).body.starts_with("{\"path\":\"/there/\""));
}

BOOST_AUTO_TEST_CASE(uploads_belong_to_the_part_around_them_and_documents_to_nobody) {
    session_fixture server([](config::settings& all) {
        all.uploads.path = "/api/documents";
        all.uploads.serve = true;
        all.site.delivery.security_headers = false;
        all.site.delivery.headers = {{"Content-Disposition", "inline"}};
        auto api = route(all, "/api");
        api.delivery.headers = {{"X-Where", "api"}};
        all.site.routes = {api};
    });
    auto bytes = post("{\"a\":1}");
    bytes.replace(bytes.find("/upload"), 7, "/api/documents");
    const auto created = ask(server, bytes);
    BOOST_TEST(created.status == 201u);
    BOOST_TEST(created.field("X-Where") == "api");
    const auto stored = ask(server, get(created.field("Location")));
    BOOST_TEST(stored.status == 200u);
    BOOST_TEST(stored.field("Content-Disposition") == "attachment");
    BOOST_TEST(stored.head.find("inline") == std::string::npos);
    BOOST_TEST(stored.field("X-Content-Type-Options") == "nosniff");
    BOOST_TEST(stored.head.find("\r\nContent-Security-Policy: sandbox; default-src 'none'\r\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_range_that_does_not_count_leaves_the_coding_as_it_is) {
    session_fixture server;
    server.folder.write("www/page.html", repeated_text());
    const std::string accept = "Accept-Encoding: gzip\r\n";
    const auto tag = std::string(ask(server, get("/page.html", accept)).field("ETag"));
    for (const auto& lines : {accept + "Range: lines=1-2\r\n", accept + "Range: bytes=5-1\r\n",
                              accept + "Range: bytes=0-9\r\nIf-Range: \"other\"\r\n",
                              accept + "Range: bytes=0-9\r\nIf-Range: " + tag + "\r\n"}) {
        const auto seen = ask(server, get("/page.html", lines));
        BOOST_TEST(seen.status == 200u, lines);
        BOOST_TEST(seen.field("Content-Encoding") == "gzip", lines);
        BOOST_TEST(seen.field("ETag") == tag, lines);
    }
    const auto refused = ask(server, get("/page.html", "Accept-Encoding: identity;q=0\r\n"));
    BOOST_TEST(refused.head.find("\r\nVary: Accept-Encoding\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_range_is_of_the_form_that_the_client_has) {
    session_fixture server;
    server.folder.write("www/page.html", repeated_text());
    const std::filesystem::path page(server.settings.site.delivery.root + "/page.html");
    std::filesystem::last_write_time(page, std::filesystem::last_write_time(page) - std::chrono::hours(1));
    const std::string range = "Range: bytes=0-9\r\n";
    const std::string accept = "Accept-Encoding: gzip\r\n";
    const auto plain = ask(server, get("/page.html"));
    const auto coded = ask(server, get("/page.html", accept));

    // All forms have the same date: it says which one he has only where there is one.
    const auto by_date = "If-Range: " + std::string(plain.field("Last-Modified")) + "\r\n";
    const auto whole = ask(server, get("/page.html", range + by_date + accept));
    BOOST_TEST(whole.status == 200u);
    BOOST_TEST(whole.field("ETag") == coded.field("ETag"));
    BOOST_TEST(ask(server, get("/page.html", range + by_date)).status == 206u);
    const auto by_tag = "If-Range: " + std::string(plain.field("ETag")) + "\r\n";
    BOOST_TEST(ask(server, get("/page.html", range + by_tag + accept)).status == 206u);

    // Who has the whole of a form has all that he could be sent, whichever it is.
    for (const auto& tag : {plain.field("ETag"), coded.field("ETag")}) {
        const auto has = "If-None-Match: " + std::string(tag) + "\r\n";
        const auto same = ask(server, get("/page.html", range + accept + has));
        BOOST_TEST(same.status == 304u);
        BOOST_TEST(same.field("ETag") == tag);
    }
    const auto other = ask(server, get("/page.html", range + accept + "If-None-Match: \"other\"\r\n"));
    BOOST_TEST(other.status == 206u);
    // A precondition on the file itself is not one on its coded form.
    const auto resumed = "If-Match: " + std::string(plain.field("ETag")) + "\r\nIf-None-Match: \"other\"\r\n";
    BOOST_TEST(ask(server, get("/page.html", range + accept + resumed)).status == 206u);

    // One on its coded form is none on the file itself, and a date says nothing of which one.
    const auto match = "If-Match: " + std::string(coded.field("ETag")) + "\r\n";
    const auto since = "If-Unmodified-Since: " + std::string(plain.field("Last-Modified")) + "\r\n";
    for (const auto& condition : {match, since})
        BOOST_TEST(ask(server, get("/page.html", range + accept + condition)).field("ETag") ==
                   coded.field("ETag"));
    BOOST_TEST(ask(server, get("/page.html", range + accept + "If-Match: \"other\"\r\n")).status == 412u);
    BOOST_TEST(ask(server, get("/page.html", range + since)).status == 206u);

    // Who does not take the file as it is gets no part of it.
    const auto refusing = ask(server, get("/page.html", range + "Accept-Encoding: gzip, identity;q=0\r\n"));
    BOOST_TEST(refusing.status == 200u);
    BOOST_TEST(refusing.field("Content-Encoding") == "gzip");
    BOOST_TEST(ask(server, get("/page.html", range + "Accept-Encoding: identity;q=0\r\n")).status == 406u);
}

BOOST_AUTO_TEST_CASE(nothing_is_compressed_for_head) {
    session_fixture server;
    server.folder.write("www/page.html", repeated_text());
    const std::filesystem::path page(server.settings.site.delivery.root + "/page.html");
    std::filesystem::last_write_time(page, std::filesystem::last_write_time(page) - std::chrono::hours(1));
    const auto ask_head = [&] {
        auto bytes = server.serve(request("HEAD /page.html", "Accept-Encoding: gzip\r\n")).bytes;
        BOOST_TEST(bytes.starts_with("HTTP/1.1 200 "));
        BOOST_TEST(bytes.find("\r\nContent-Encoding: gzip\r\n") != std::string::npos);
        BOOST_TEST(bytes.ends_with("\r\n\r\n"));
        return bytes;
    };
    for (int i = 0; i < 3; ++i) BOOST_TEST(ask_head().find("\r\nContent-Length: ") == std::string::npos);
    const auto made = ask(server, get("/page.html", "Accept-Encoding: gzip\r\n"));
    BOOST_TEST(ask_head().find("\r\nContent-Length: " + std::to_string(made.body.size()) + "\r\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(caching_follows_the_rules_and_old_clients_get_a_date) {
    session_fixture server([](config::settings& all) {
        all.site.delivery.cache_control = {{"*.txt", "public, max-age=3600"}, {"/index.html", ""}};
    });
    BOOST_TEST(ask(server, get("/middle.txt")).field("Cache-Control") == "public, max-age=3600");
    BOOST_TEST(!ask(server, get("/middle.txt")).has_field("Expires"));
    BOOST_TEST(!ask(server, get("/")).has_field("Cache-Control"));
    BOOST_TEST(ask(server, get("/sub/")).field("Cache-Control") == "no-cache");
    const auto old = server.serve("GET /middle.txt HTTP/1.0\r\nHost: localhost\r\n\r\n").bytes;
    BOOST_TEST(old.find("\r\nExpires: ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(several_ranges_have_the_date_that_the_whole_has) {
    session_fixture server(
        [](config::settings& all) { all.site.delivery.cache_control = {{"**", "max-age=60"}}; });
    const std::string_view fields = "Host: localhost\r\nRange: bytes=0-3,4000-4003\r\n\r\n";
    const auto parts = ask(server, "GET /large.txt HTTP/1.0\r\n" + std::string(fields));
    BOOST_TEST(parts.status == 206u);
    BOOST_TEST(parts.field("Content-Type").starts_with("multipart/byteranges"));
    BOOST_TEST(parts.has_field("Expires"));
}

BOOST_AUTO_TEST_CASE(methods_that_a_part_does_not_list_are_refused_whatever_stands_there) {
    temp_dir store;
    session_fixture server([&](config::settings& all) {
        auto closed = route(all, "/sub");
        closed.delivery.methods = {"POST"};
        auto drop = route(all, "/drop");
        drop.delivery.methods = {"GET", "PUT"};
        drop.takes_uploads = true;
        drop.uploads = all.uploads;
        drop.uploads.directory = store.path().string();
        drop.uploads.accept = {"raw", "put", "delete"};
        all.site.routes = {closed, drop};
    });
    const struct {
        const char* method;
        const char* target;
        unsigned status;
        const char* allow;
    } rows[] = {
        {"GET", "/", 200, ""},
        {"GET", "/sub/", 405, "OPTIONS"},
        {"GET", "/sub/nothing.txt", 405, "OPTIONS"},
        {"OPTIONS", "/sub/", 204, "OPTIONS"},
        {"POST", "/sub/", 405, "OPTIONS"},
        {"PUT", "/drop/a.txt", 201, ""},
        {"GET", "/drop/a.txt", 404, ""},
        {"HEAD", "/drop/a.txt", 404, ""},
        {"DELETE", "/drop/a.txt", 405, "GET, HEAD, PUT, OPTIONS"},
        {"DELETE", "/drop/nothing.txt", 405, "GET, HEAD, PUT, OPTIONS"},
        {"OPTIONS", "/drop/a.txt", 204, "GET, HEAD, PUT, OPTIONS"},
        {"POST", "/drop", 405, "GET, HEAD, OPTIONS"},
        {"OPTIONS", "/drop", 204, "GET, HEAD, OPTIONS"},
        {"BREW", "/drop", 501, ""},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.method << " " << row.target) {
            const auto served = server.serve(std::string(row.method) + " " + row.target +
                                             " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            std::string_view bytes = served.bytes;
            answer seen;
            BOOST_TEST_REQUIRE(take_answer(bytes, seen, std::string_view(row.method) == "HEAD"));
            BOOST_TEST(seen.status == row.status);
            BOOST_TEST(seen.field("Allow") == row.allow);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
