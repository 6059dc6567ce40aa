// What a request for an upload says beside its content: preconditions and digests; and what the connection
// does after a refusal.
#include "site/upload_requests.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <set>

namespace fairlead::site {
namespace {

using namespace test;
using http::verb;

using lines = field_lines;

/// The status of an upload with these lines.
unsigned status(upload_site& server, verb method, std::string_view target, const lines& more,
                std::string body) {
    scripted_body content(std::move(body));
    return static_cast<unsigned>(server.respond(method, target, more, content).status);
}

BOOST_AUTO_TEST_SUITE(upload_conditions)

BOOST_AUTO_TEST_CASE(preconditions_decide_for_put_and_delete) {
    struct {
        const char* name;
        std::string value;
        bool holds_for_old;   ///< where a file with the content "old" stands
        bool holds_for_none;  ///< where there is none
    } const rows[] = {
        {"If-Match", tag_of("old"), true, false},
        {"If-Match", "\"x\", " + tag_of("old"), true, false},
        {"If-Match", "W/" + tag_of("old"), false, false},
        {"If-Match", tag_of("other"), false, false},
        {"If-Match", "*", true, false},
        {"If-Match", "", false, false},
        {"If-None-Match", "*", false, true},
        {"If-None-Match", tag_of("old"), false, true},
        {"If-None-Match", "W/" + tag_of("old"), false, true},
        {"If-None-Match", tag_of("other"), true, true},
        {"If-Unmodified-Since", "Sun, 13 Sep 2020 12:26:40 GMT", false, true},
        {"If-Unmodified-Since", "Sun, 13 Sep 2120 12:26:40 GMT", true, true},
        {"If-Unmodified-Since", "tomorrow", true, true},
        {"If-Modified-Since", "Sun, 13 Sep 2120 12:26:40 GMT", true, true},
    };
    for (const auto how : {config::durability::off, config::durability::full}) {
        upload_site server([&](config::route_settings& route) { route.uploads.durability = how; });
        for (const auto& row : rows)
            for (const bool is_there : {true, false})
                BOOST_TEST_CONTEXT(row.name << ": " << row.value << (is_there ? "" : ", nothing there")) {
                    server.empty_store();
                    if (is_there) (void)status(server, verb::put, "/files/x", {}, "old");
                    const lines condition{{row.name, row.value}};
                    const bool holds = is_there ? row.holds_for_old : row.holds_for_none;
                    const auto put = status(server, verb::put, "/files/x", condition, "new");
                    BOOST_TEST(put == (!holds ? 412u : is_there ? 204u : 201u));
                    const auto now = server.stored();
                    BOOST_TEST(now.size() == (holds || is_there ? 1u : 0u));
                    if (!now.empty()) BOOST_TEST(now.at("x") == (holds ? "new" : "old"));
                    if (!is_there) continue;
                    (void)status(server, verb::put, "/files/x", {}, "old");
                    BOOST_TEST(status(server, verb::delete_, "/files/x", condition, "") ==
                               (holds ? 204u : 412u));
                    BOOST_TEST(server.stored().empty() == holds);
                    BOOST_TEST(server.left_over() == "");
                }
        BOOST_TEST(status(server, verb::put, "/files/no/x", {{"If-Match", "*"}}, "x") == 409u);
    }
    upload_site making([](config::route_settings& route) { route.uploads.make_directories = true; });
    BOOST_TEST(status(making, verb::put, "/files/a/b/x", {{"If-Match", "*"}}, "x") == 412u);
    BOOST_TEST(making.stored().empty());
}

BOOST_AUTO_TEST_CASE(a_condition_counts_when_the_file_is_placed) {
    upload_site server;
    const auto meanwhile = [&](const lines& condition, verb method, std::string_view body) {
        scripted_body outer("outer");
        outer.before_read = [&] {
            if (outer.given() == 0) (void)status(server, method, "/files/x", {}, std::string(body));
        };
        return static_cast<unsigned>(server.respond(verb::put, "/files/x", condition, outer).status);
    };
    BOOST_TEST(meanwhile({{"If-None-Match", "*"}}, verb::put, "inner") == 412u);
    BOOST_TEST(server.stored().at("x") == "inner");
    BOOST_TEST(meanwhile({{"If-Match", tag_of("inner")}}, verb::put, "newer") == 412u);
    BOOST_TEST(server.stored().at("x") == "newer");
    BOOST_TEST(meanwhile({{"If-Match", "*"}}, verb::delete_, "") == 412u);
    BOOST_TEST(server.stored().empty());
    BOOST_TEST(meanwhile({}, verb::put, "inner") == 204u);
    BOOST_TEST(server.stored().at("x") == "outer");
    BOOST_TEST(server.left_over() == "");
}

/// The statuses of requests for one name that are all under way at once.
std::multiset<unsigned> statuses_together(upload_site& server, verb method, const lines& more, int count) {
    std::deque<scripted_body> bodies;
    std::deque<asked_upload> requests;
    std::multiset<unsigned> statuses;
    boost::asio::io_context context;
    for (int i = 0; i < count; ++i) {
        bodies.emplace_back(std::to_string(i));
        requests.emplace_back(method, "/files/x", more, bodies.back());
        boost::asio::co_spawn(context, server.pages.respond(requests.back().request),
                              [&](std::exception_ptr failure, const http::response& answer) {
                                  BOOST_TEST(!failure);
                                  statuses.insert(static_cast<unsigned>(answer.status));
                              });
    }
    // The last answer may come from the pool of commits.
    const auto work = boost::asio::make_work_guard(context);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (statuses.size() < static_cast<std::size_t>(count) && context.run_one_until(end) > 0) {
    }
    return statuses;
}

BOOST_AUTO_TEST_CASE(of_many_who_come_at_once_one_does_it) {
    for (const auto how : {config::durability::off, config::durability::full}) {
        upload_site server([&](config::route_settings& route) { route.uploads.durability = how; });
        using found = std::multiset<unsigned>;
        BOOST_TEST((statuses_together(server, verb::put, {{"If-None-Match", "*"}}, 5) ==
                    found{201, 412, 412, 412, 412}));
        // None of them has the content of the first, so the tag is gone when one is done.
        (void)status(server, verb::put, "/files/x", {}, "first");
        BOOST_TEST((statuses_together(server, verb::put, {{"If-Match", tag_of("first")}}, 4) ==
                    found{204, 412, 412, 412}));
        BOOST_TEST((statuses_together(server, verb::put, {}, 3) == found{204, 204, 204}));
        BOOST_TEST((statuses_together(server, verb::delete_, {}, 3) == found{204, 404, 404}));
        BOOST_TEST((statuses_together(server, verb::put, {}, 3) == found{201, 204, 204}));
        BOOST_TEST(server.stored().size() == 1u);
        BOOST_TEST(server.left_over() == "");
    }
}

/// What a digest field says, and whether it is right for "content".
std::vector<std::pair<std::string, bool>> digest_rows(const std::string& content) {
    const auto good = digest_text(content), wrong = digest_text("other");
    const auto long_wrong = digest_text("other", sha_kind::sha512);
    return {{good, true},
            {wrong, false},
            {digest_text(content, sha_kind::sha512), true},
            {long_wrong, false},
            {"md5=:AAAA:", true},
            {good + ", " + long_wrong, false},
            {wrong + ", " + good, true},  // of two the last counts
            {"sha-256=:AAAA:", false},
            {"sha-256", false},
            {"", true}};
}

void check_digests(verb method, std::string_view target, const std::string& type, const std::string& body) {
    for (const bool keeps : {true, false}) {
        upload_site server([&](config::route_settings& route) { route.uploads.digest = keeps; });
        for (const std::string name : {"Content-Digest", "Repr-Digest", "content-digest"})
            for (const auto& [value, is_right] : digest_rows(body))
                BOOST_TEST_CONTEXT(target << " " << type << " " << name << ": " << value) {
                    server.empty_store();
                    const auto got =
                        status(server, method, target, {{"Content-Type", type}, {name, value}}, body);
                    BOOST_TEST(got == (is_right ? 201u : 400u));
                    BOOST_TEST(server.stored().empty() == !is_right);
                    BOOST_TEST(server.left_over() == "");
                }
    }
}

BOOST_AUTO_TEST_CASE(digests_are_compared) {
    check_digests(verb::post, "/files", "application/json", "{}");
    check_digests(verb::post, "/files", "text/plain", "content");
    check_digests(verb::put, "/files/x", "text/plain", "content");
}

BOOST_AUTO_TEST_CASE(the_digest_of_a_form_is_that_of_its_bytes) {
    check_digests(
        verb::post, "/files", std::string(form_type),
        form_text({{"name=\"a\"", "", "1"}, {"name=\"f\"; filename=\"x\"", "text/plain", "content"}}));
}

BOOST_AUTO_TEST_CASE(each_file_of_a_form_may_have_a_digest) {
    for (const bool keeps : {true, false}) {
        upload_site server([&](config::route_settings& route) { route.uploads.digest = keeps; });
        for (const bool is_right : {true, false}) {
            server.empty_store();
            const auto type = "text/plain\r\nContent-Digest: " + digest_text(is_right ? "content" : "other");
            const auto text = form_text({{"name=\"f\"; filename=\"x\"", "", "1"},
                                         {"name=\"f\"; filename=\"y\"", type, "content"},
                                         {"name=\"f\"; filename=\"z\"", "", "2"}});
            BOOST_TEST(status(server, verb::post, "/files", {{"Content-Type", std::string(form_type)}},
                              text) == (is_right ? 201u : 400u));
            BOOST_TEST(server.stored().empty() == !is_right);
            BOOST_TEST(server.left_over() == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_ours_in_the_store_is_shown_to_nobody) {
    upload_site server([](config::route_settings& route) {
        route.delivery.listing = true;
        route.uploads.accept.push_back("put");
    });
    (void)ask(server, upload("POST /files", "1", "Idempotency-Key: k\r\nContent-Type: x/y\r\n"));
    std::ofstream(server.directory() / ".fairlead-tmp-0") << "x";
    for (const auto* path :
         {"/files/.fairlead-keys/secret", "/files/.fairlead-keys/", "/files/.fairlead-tmp-0",
          "/files/%2efairlead-keys/secret", "/files/x/./.fairlead-keys/secret"})
        BOOST_TEST(ask(server, get(path)).status == 404u);
    const auto listing = ask(server, get("/files/?format=json"));
    BOOST_TEST(listing.status == 200u);
    BOOST_TEST(listing.body.find("fairlead") == std::string::npos);
    BOOST_TEST(listing.body.find("upload_") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(options_head_and_other_origins) {
    upload_site server([](config::route_settings& route) {
        route.delivery.cors.origins = {"https://app.example.org"};
        route.delivery.cors.methods = {"GET", "PUT", "POST"};
        route.delivery.cors.expose = {"Location"};
    });
    (void)ask(server, upload("PUT /files/x", "content"));
    BOOST_TEST(ask(server, request("OPTIONS /files")).field("Allow") == "GET, HEAD, POST, OPTIONS");
    BOOST_TEST(ask(server, request("OPTIONS /files/x")).field("Allow") == "GET, HEAD, PUT, DELETE, OPTIONS");
    const auto head = server.serve(request("HEAD /files/x")).bytes;
    BOOST_TEST(head.find("\r\nETag: " + tag_of("content") + "\r\n") != std::string::npos);
    BOOST_TEST(head.ends_with("\r\n\r\n"));
    const std::string origin = "Origin: https://app.example.org\r\n";
    const auto preflight =
        ask(server, request("OPTIONS /files/x", origin + "Access-Control-Request-Method: PUT\r\n"));
    BOOST_TEST(preflight.field("Access-Control-Allow-Origin") == "https://app.example.org");
    BOOST_TEST(preflight.field("Access-Control-Allow-Methods").find("PUT") != std::string_view::npos);
    for (const auto& bytes : {upload("POST /files", "1", origin), upload("PUT /files/y", "1", origin),
                              upload("PUT /files/.y", "1", origin), upload("POST /files/y", "1", origin)}) {
        const auto answer = ask(server, bytes);
        BOOST_TEST(answer.field("Access-Control-Allow-Origin") == "https://app.example.org");
        BOOST_TEST(answer.head.find("\r\nVary: Origin\r\n") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(who_asks_first_is_refused_before_the_body) {
    upload_site server([](config::route_settings& route) {
        route.uploads.quota = 1000;
        route.uploads.types = {"text/*"};
    });
    (void)ask(server, upload("PUT /files/x", "content", "Content-Type: text/plain\r\n"));
    std::filesystem::create_directory(server.directory() / "folder");
    const std::string text = "Content-Type: text/plain\r\n",
                      form = "Content-Type: " + std::string(form_type) + "\r\n";
    const auto digest = text + "Content-Digest: sha-256=:x:\r\n";
    struct {
        std::string line, lines;
        std::size_t length;
        unsigned status;
    } const rows[] = {{"POST /files", "Content-Type: x/y\r\n", 5, 415},
                      {"POST /files", text, 100'000, 413},
                      {"POST /files", text, 2000, 413},
                      {"POST /files", form, 2000, 413},
                      {"POST /files", "Content-Type: multipart/form-data\r\n", 5, 400},
                      {"POST /files", text + "Idempotency-Key: a b\r\n", 5, 400},
                      {"POST /files", digest, 5, 400},
                      {"POST /files/x", text, 5, 405},
                      {"PUT /files/y", "Content-Type: x/y\r\n", 5, 415},
                      {"PUT /files/y", text, 2000, 413},
                      {"PUT /files/.y", text, 5, 400},
                      {"PUT /files/y", digest, 5, 400},
                      {"PUT /files/y/", text, 5, 409},
                      {"PUT /files/no/y", text, 5, 409},
                      {"PUT /files/folder", text, 5, 409},
                      {"PUT /files/x", text + "If-None-Match: *\r\n", 5, 412}};
    for (const auto& row : rows) {
        const auto head = row.lines + "Content-Length: " + std::to_string(row.length) + "\r\n";
        BOOST_TEST_CONTEXT(row.line << " " << row.lines) {
            const auto waiting = server.serve(request(row.line, head + "Expect: 100-continue\r\n"));
            BOOST_TEST(statuses(waiting.bytes) == std::to_string(row.status));
            BOOST_TEST(waiting.bytes.find("\r\nConnection: close\r\n") != std::string::npos);
            // The body of who did not ask is read when it is short, and then the next request is answered.
            const auto sent = request(row.line, head, std::string(row.length, 'x')) + get("/files/x");
            const bool goes_on = row.status != 413;
            BOOST_TEST(statuses(server.serve(sent).bytes) ==
                       std::to_string(row.status) + (goes_on ? " 200" : ""));
            BOOST_TEST(server.left_over() == "");
        }
    }
    BOOST_TEST(
        statuses(server.serve(request("PUT /files/z", text + "Content-Length: 1\r\nExpect: 100-continue\r\n"))
                     .bytes) == "100 400");
    BOOST_TEST(server.stored().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
