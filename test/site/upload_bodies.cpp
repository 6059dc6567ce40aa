// How the body of an upload comes: in whatever pieces, cut off, too long, slowly; and what that costs.
#include "site/upload_requests.hpp"

#include <boost/test/unit_test.hpp>

#include <new>
#include <thread>

namespace fairlead::site {
namespace {

using namespace std::chrono_literals;
using namespace test;
using http::verb;

unsigned status_of(const http::response& answer) { return static_cast<unsigned>(answer.status); }

BOOST_AUTO_TEST_SUITE(upload_bodies)

/// Each way of sending a body.
struct way {
    verb method;
    const char* target;
    std::string type;
    std::string body;
};
const std::vector<way>& ways() {
    static const std::vector<way> all{{verb::post, "/files", "application/json", long_document},
                                      {verb::post, "/files", "image/png", picture},
                                      {verb::post, "/files", std::string(form_type), two_files},
                                      {verb::put, "/files/new/x.png", "image/png", picture}};
    return all;
}

/// The contents of what is stored, under whatever name.
std::multimap<std::size_t, std::string> contents(const upload_site& server) {
    std::multimap<std::size_t, std::string> all;
    for (const auto& [name, content] : server.stored()) all.emplace(content.size(), content);
    return all;
}

BOOST_AUTO_TEST_CASE(it_does_not_matter_how_a_body_comes) {
    upload_site server([](config::route_settings& route) { route.uploads.make_directories = true; });
    for (const auto& one : ways()) {
        scripted_body whole(one.body);
        BOOST_TEST(status_of(server.respond(one.method, one.target, {{"Content-Type", one.type}}, whole)) ==
                   201u);
        const auto expected = contents(server);
        for (const bool is_announced : {true, false})
            for (const std::size_t piece : {1u, 7u, 4096u, 1u << 20}) {
                BOOST_TEST_CONTEXT(one.target << " " << one.type << " in pieces of " << piece) {
                    server.empty_store();
                    scripted_body body(one.body, piece);
                    body.is_announced = is_announced;
                    const auto answer =
                        server.respond(one.method, one.target, {{"Content-Type", one.type}}, body);
                    BOOST_TEST(status_of(answer) == 201u);
                    BOOST_TEST((contents(server) == expected));
                    BOOST_TEST(server.left_over() == "");
                }
            }
        server.empty_store();
    }
}

BOOST_AUTO_TEST_CASE(a_form_may_be_cut_anywhere) {
    const auto text = form_text({{"name=\"a\"", "", "\r\n-"},
                                 {"name=\"f\"; filename=\"x\"", "text/plain", "\r\r\n--cu"},
                                 {"name=\"b\"", "", ""},
                                 {"name=\"g\"; filename=\"y\"", "", ""}});
    upload_site server;
    std::multimap<std::size_t, std::string> expected;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        server.empty_store();
        memory_stream stream;
        const auto all = request("POST /files",
                                 "Content-Type: " + std::string(form_type) +
                                     "\r\nContent-Length: " + std::to_string(text.size()) + "\r\n",
                                 text);
        const auto at = all.size() - text.size() + cut;
        stream.incoming = {all.substr(0, at)};
        if (cut < text.size()) stream.incoming.push_back(all.substr(at));
        BOOST_TEST_REQUIRE(statuses(server.serve(stream).bytes) == "201");
        if (cut == 0) expected = contents(server);
        if (contents(server) != expected) BOOST_ERROR("cut at " << cut);
    }
    BOOST_TEST(expected.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_body_that_ends_early_leaves_nothing) {
    upload_site server([](config::route_settings& route) { route.uploads.make_directories = true; });
    const auto descriptors = upload_site::descriptors();
    for (const auto& one : ways())
        for (const bool is_announced : {true, false})
            for (std::size_t end = 0; end < one.body.size();
                 end += one.body.size() > 5000 && end > 100 ? 4001 : 1) {
                scripted_body body(one.body);
                body.is_announced = is_announced;
                body.fails_at = end;
                body.failure = end % 2 == 0 ? errc::end_of_stream : errc::timeout;
                const auto answer =
                    server.respond(one.method, one.target, {{"Content-Type", one.type}}, body);
                BOOST_TEST_CONTEXT(one.target << " " << one.type << " up to byte " << end) {
                    BOOST_TEST(status_of(answer) == (end % 2 == 0 ? 400u : 408u));
                    BOOST_TEST(answer.close);
                    BOOST_TEST_REQUIRE(server.left_over() == "");
                    BOOST_TEST_REQUIRE(server.stored().empty());
                    BOOST_TEST_REQUIRE(upload_site::descriptors() == descriptors);
                }
            }
}

BOOST_AUTO_TEST_CASE(an_exception_ends_an_upload_too) {
    upload_site server([](config::route_settings& route) { route.uploads.make_directories = true; });
    for (const auto& one : ways())
        for (const std::size_t at : {std::size_t{0}, std::size_t{1}, one.body.size() / 2})
            BOOST_TEST_CONTEXT(one.target << " " << one.type << " at byte " << at) {
                scripted_body body(one.body, 1000);
                body.before_read = [&] {
                    if (body.given() >= at) throw std::bad_alloc();
                };
                const auto answer =
                    server.respond(one.method, one.target, {{"Content-Type", one.type}}, body);
                BOOST_TEST(status_of(answer) == 500u);
                BOOST_TEST(answer.close);
                BOOST_TEST(server.left_over() == "");
                BOOST_TEST(server.stored().empty());
            }
}

BOOST_AUTO_TEST_CASE(folders_are_not_made_for_what_is_not_stored) {
    upload_site server([](config::route_settings& route) { route.uploads.make_directories = true; });
    scripted_body body("x");
    const auto answer =
        server.respond(verb::put, "/files/a/b/c", {{"Content-Digest", digest_text("y")}}, body);
    BOOST_TEST(status_of(answer) == 400u);
    BOOST_TEST(server.stored().empty());
}

BOOST_AUTO_TEST_CASE(more_than_the_limit_is_not_read) {
    upload_site server;
    const auto endless = varied_bytes(1'000'000);
    for (const auto& one :
         std::vector<way>{{verb::post, "/files", "application/json", std::string(endless.size(), ' ')},
                          {verb::post, "/files", "image/png", endless},
                          {verb::post, "/files", std::string(form_type),
                           form_text({{"name=\"f\"; filename=\"f\"", "", endless}})},
                          {verb::put, "/files/x", "", endless}}) {
        scripted_body body(one.body);
        body.is_announced = false;
        const auto answer = server.respond(one.method, one.target, {{"Content-Type", one.type}}, body);
        BOOST_TEST_CONTEXT(one.target << " " << one.type) {
            BOOST_TEST(status_of(answer) == 413u);
            BOOST_TEST(answer.close);
            BOOST_TEST(body.given() <= 64 * 1024 + 128 * 1024);
            BOOST_TEST(server.left_over() == "");
            BOOST_TEST(server.stored().empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(memory_depends_on_the_speed_and_not_on_the_size) {
    upload_site server([](config::route_settings& route) { route.uploads.max_body = 4 << 20; });
    struct {
        std::size_t size, piece;
        std::chrono::milliseconds pause;
        std::uint64_t most;
    } const rows[] = {
        {1 << 20, SIZE_MAX, 0ms, 128 * 1024}, {64 * 1024, 1024, 5ms, 16 * 1024}, {10, 1, 1ms, 16}};
    for (const auto& row : rows)
        for (const bool is_announced : {true, false})
            for (const bool is_form : {false, true}) {
                const auto content = varied_bytes(row.size);
                scripted_body body(
                    is_form ? form_text({{"name=\"f\"; filename=\"f\"", "", content}}) : content, row.piece);
                body.is_announced = is_announced;
                std::uint64_t seen = 0;
                body.before_read = [&] {
                    seen = std::max(seen, server.resources().upload_bytes.load());
                    std::this_thread::sleep_for(row.pause);
                };
                const auto type = is_form ? std::string(form_type) : std::string("x/y");
                const auto answer = server.respond(verb::post, "/files", {{"Content-Type", type}}, body);
                BOOST_TEST_CONTEXT(row.size << " bytes in pieces of " << row.piece
                                            << (is_form ? ", form" : "")) {
                    BOOST_TEST(status_of(answer) == 201u);
                    // Without an announced length the first buffer is a guess; what a form is read into
                    // counts, too.
                    const auto guess = std::max<std::uint64_t>(row.most, 4096);
                    const std::uint64_t of_form = row.pause > 0ms ? 4096 : 32 * 1024;
                    BOOST_TEST(seen <= (is_form ? guess + of_form : is_announced ? row.most : guess));
                    BOOST_TEST(seen > 0u);
                    BOOST_TEST(server.left_over() == "");
                }
            }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
