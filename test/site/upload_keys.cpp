// Idempotency-Key: what was stored once is not stored again, whatever was lost in between.
#include "base/text.hpp"
#include "site/upload_requests.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::site {
namespace {

using namespace test;
using http::verb;

BOOST_AUTO_TEST_SUITE(upload_keys)

std::string with_key(std::string_view key, std::string_view type, std::string_view body) {
    return upload("POST /files", body,
                  "Idempotency-Key: " + std::string(key) + "\r\nContent-Type: " + std::string(type) + "\r\n");
}

/// Forgets what was answered, as a crash before it was remembered would.
void lose_records(const upload_site& server) {
    for (const auto& one : std::filesystem::directory_iterator(server.directory() / ".fairlead-keys"))
        if (one.path().filename() != "secret") std::filesystem::remove(one.path());
}

/// A request with a key, and another content of the same kind.
struct keyed {
    std::string key, type, body, other;
    /// Without a record, the name that the client chose is what the other content meets.
    unsigned status_of_other_when_lost = 422;
};

/// Sends it again and again: with its record, without, and with a record that was made again.
void check_repeats(upload_site& server, const keyed& one) {
    const auto first = ask(server, with_key(one.key, one.type, one.body));
    BOOST_TEST_REQUIRE(first.status == 201u);
    const auto stored = server.stored();
    const auto used = server.store().space().current().stored;
    for (const bool is_lost : {false, true, false}) {
        if (is_lost) lose_records(server);
        BOOST_TEST(ask(server, with_key(one.key, one.type, one.other)).status ==
                   (is_lost ? one.status_of_other_when_lost : 422u));
        const auto again = ask(server, with_key('"' + one.key + '"', one.type, one.body));
        BOOST_TEST(again.status == 201u);
        BOOST_TEST(again.body == first.body);
        for (const auto* name : {"Location", "ETag", "Repr-Digest", "Fairlead-Durability"})
            BOOST_TEST(again.field(name) == first.field(name));
        BOOST_TEST((server.stored() == stored));
        BOOST_TEST(server.store().space().current().stored == used);
        BOOST_TEST(server.left_over() == "");
    }
    // Who has moved the file away is not sent it again.
    server.empty_store();
    BOOST_TEST(ask(server, with_key(one.key, one.type, one.body)).status == 201u);
    BOOST_TEST(server.stored().empty());
}

BOOST_AUTO_TEST_CASE(a_key_stores_once) {
    const auto file = [](const char* content) {
        return form_part{"name=\"f\"; filename=\"x\"", "text/plain", content};
    };
    const form_part text{"name=\"a\"", "", "b"};
    const std::string form(form_type);
    for (const auto names : {config::naming::server, config::naming::client})
        for (const bool has_digests : {true, false})
            for (const auto how : {config::durability::off, config::durability::full}) {
                upload_site server([&](config::route_settings& route) {
                    route.uploads.durability = how;
                    route.uploads.digest = has_digests;
                    route.uploads.names = names;
                    route.uploads.quota = 100'000;
                });
                const auto when_lost = names == config::naming::client ? 409u : 422u;
                check_repeats(server, {"a", "application/json", "[1]", "[2]"});
                check_repeats(server, {"b", "image/png", "1", ""});
                check_repeats(server, {"c", form, form_text({file("1")}), form_text({file("2")}), when_lost});
                check_repeats(server,
                              {"d", form, form_text({file("1"), text}), form_text({file("2"), text})});
            }
}

BOOST_AUTO_TEST_CASE(a_key_is_that_of_one_content_whatever_its_kind) {
    const auto one = form_text({{"name=\"f\"; filename=\"x\"", "text/plain", "1"}});
    const auto two = form_text({{"name=\"f\"; filename=\"x\"", "text/plain", "1"}, {"name=\"a\"", "", ""}});
    const std::string form(form_type);
    const std::pair<std::string, std::string> contents[] = {
        {"application/json", "[1]"}, {"image/png", "1"}, {"text/plain", "2"}, {form, one}, {form, two}};
    upload_site server;
    int number = 0;
    for (const auto& [type, content] : contents)
        for (const auto& [other_type, other] : contents) {
            if (content == other) continue;
            const auto key = std::to_string(++number);
            BOOST_TEST(ask(server, with_key(key, type, content)).status == 201u);
            const auto stored = server.stored();
            BOOST_TEST(ask(server, with_key(key, other_type, other)).status == 422u);
            BOOST_TEST((server.stored() == stored));
        }
}

BOOST_AUTO_TEST_CASE(a_key_is_checked_and_belongs_to_one_request_at_a_time) {
    upload_site server;
    for (const std::string key : {"", "\"\"", "a b", "a,b", "\"a", "\"a\"b", "\xC3\xA4"})
        BOOST_TEST(ask(server, with_key(key, "x/y", "1")).status == 400u);
    BOOST_TEST(ask(server, with_key(std::string(256, 'k'), "x/y", "1")).status == 400u);
    BOOST_TEST(ask(server, with_key("a\r\nIdempotency-Key: a", "x/y", "1")).status == 400u);
    BOOST_TEST(server.stored().empty());
    scripted_body first("content");
    unsigned meanwhile = 0, other = 0;
    first.before_read = [&] {
        if (first.given() > 0) return;
        meanwhile = ask(server, with_key("k", "x/y", "content")).status;
        other = ask(server, with_key("l", "x/y", "content")).status;
    };
    const auto answer = server.respond(verb::post, "/files", {{"Idempotency-Key", "k"}}, first);
    BOOST_TEST((answer.status == http::status::created));
    BOOST_TEST(meanwhile == 409u);
    BOOST_TEST(other == 201u);
    BOOST_TEST(server.stored().size() == 2u);
    BOOST_TEST(ask(server, with_key("k", "x/y", "content")).field("Location") ==
               answer.fields.get("Location"));
    // A key whose request failed is free again.
    scripted_body broken("content");
    broken.fails_at = 3;
    BOOST_TEST((server.respond(verb::post, "/files", {{"Idempotency-Key", "m"}}, broken).status ==
                http::status::bad_request));
    BOOST_TEST(ask(server, with_key("m", "x/y", "other")).status == 201u);
    BOOST_TEST(server.left_over() == "");
    upload_site without([](config::route_settings& route) { route.uploads.idempotency_time = {}; });
    BOOST_TEST(ask(without, with_key("k", "x/y", "1")).status == 201u);
    BOOST_TEST(ask(without, with_key("k", "x/y", "2")).status == 201u);
    BOOST_TEST(!std::filesystem::exists(without.directory() / ".fairlead-keys"));
}

// It could not be remembered: answers and records are JSON.
BOOST_AUTO_TEST_CASE(a_type_that_is_no_text_is_refused) {
    upload_site server;
    const auto form =
        form_text({{"name=\"f\"; filename=\"x\"", "text/plain; a=\"\xFF\"", "1"}, {"name=\"a\"", "", ""}});
    BOOST_TEST(ask(server, with_key("k", form_type, form)).status == 400u);
    BOOST_TEST(server.left_over() == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
