// What many answers that nobody takes make be kept, and what is told of each.
#include "session/answer_batch.hpp"

#include "support/memory_stream.hpp"
#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::session {
namespace {

struct large_page {
    std::shared_ptr<const std::string> text = std::make_shared<const std::string>(std::string(40'000, 'x'));
    http::response answer() const {
        http::response made;
        made.body = http::memory_slice{text, *text};
        return made;
    }
};

BOOST_AUTO_TEST_SUITE(answer_batches)

BOOST_AUTO_TEST_CASE(a_batch_refers_to_a_bounded_amount_of_content) {
    std::vector<char> buffer(200'000);
    answer_batch batch(buffer);
    const large_page page;
    head_options options;
    options.keep_alive = "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=30, max=";
    std::size_t added = 0;
    for (; batch.has_room(100); ++added) batch.add(page.answer(), options);
    BOOST_TEST(added == 2u);
    batch.clear();
    BOOST_TEST(batch.has_room(100));
    BOOST_TEST(page.text.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(what_was_not_taken_is_kept_by_its_owner_and_not_copied) {
    std::vector<char> buffer(200'000);
    answer_batch batch(buffer);
    const large_page page;
    head_options options;
    options.keep = false;
    batch.add(page.answer(), options);
    batch.add(page.answer(), options);
    test::memory_stream stream;
    stream.write_limit = 1'000;
    BOOST_TEST(net::would_block(batch.send(stream, false)));
    auto rest = batch.take_unsent();
    batch.clear();
    std::fill(buffer.begin(), buffer.end(), '#');  // the next connection's
    std::string text = stream.outgoing;
    for (const auto& piece : rest.pieces) text += piece.bytes;
    BOOST_TEST(page.text.use_count() > 1);
    const auto first = text.find("\r\n\r\n") + 4;
    BOOST_TEST(text.compare(first, page.text->size(), *page.text) == 0);
    BOOST_TEST(text.ends_with(*page.text));
    BOOST_TEST(text.find('#') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_record_outlives_its_request) {
    test::session_fixture server;
    const http::peer_info proxy{"192.0.2.7", 50412, *ip_address::parse("192.0.2.7")};
    std::string target = "/a.txt?kept";
    const auto describe = [&](exchange_record& record, std::string client, std::string user) {
        http::request request;
        request.id = "0123456789abcdef";
        request.method_text = "GET";
        request.target = target;
        request.peer = request.client = proxy;
        if (!client.empty()) request.client = {client, 0, *ip_address::parse(client)};
        const auto name = std::make_shared<std::string>(std::move(user));
        request.set_user(name);
        record.describe(request, true);
        record.status = 200;
        client.assign(client.size(), 'x');
        name->assign(name->size(), 'x');
    };
    exchange_record record;
    describe(record, "2001:db8:1:2:3:4:5:6", "a name that does not fit into the string itself");
    owned_record kept(record);
    kept.set_first_byte(record.started + std::chrono::milliseconds(250));
    describe(record, "", "");  // as the next batch does
    target.assign(target.size(), 'x');
    kept.get().publish(server.shared, proxy, record.started + std::chrono::seconds(2));
    record.publish(server.shared, proxy, record.started + std::chrono::seconds(3));
    BOOST_TEST_REQUIRE(server.access_lines.size() == 2u);
    BOOST_TEST(server.access_lines[0].starts_with(
        R"(2001:db8:1:2:3:4:5:6 - a\x20name\x20that\x20does\x20not\x20fit\x20into\x20the\x20string\x20itself [)"));
    BOOST_TEST(server.access_lines[0].find(R"("GET /a.txt?kept HTTP/1.1" 200)") != std::string::npos);
    BOOST_TEST(server.access_lines[0].ends_with(" 2.000000 0123456789abcdef"));
    BOOST_TEST(server.access_lines[1].starts_with("192.0.2.7 - - ["));
}

BOOST_AUTO_TEST_CASE(the_first_byte_is_told_apart_from_the_last) {
    test::session_fixture server;
    std::vector<std::string> lines;
    server.access_log.capture(lines, telemetry::access_class::all, telemetry::access_format::json);
    exchange_record record;
    http::request request;
    request.id = "0123456789abcdef";
    record.describe(request, true);
    record.status = 200;
    owned_record kept(record);
    kept.set_first_byte(record.started + std::chrono::milliseconds(250));
    kept.get().publish(server.shared, {}, record.started + std::chrono::seconds(2));
    record.publish(server.shared, {}, record.started + std::chrono::seconds(2));
    BOOST_TEST_REQUIRE(lines.size() == 2u);
    BOOST_TEST(lines[0].find(R"("duration":2.000000,)") != std::string::npos);
    BOOST_TEST(lines[0].find(R"("ttfb":0.250000,)") != std::string::npos);
    BOOST_TEST(lines[1].find(R"("ttfb":2.000000,)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_request_that_no_log_wants_makes_no_line) {
    test::session_fixture server;
    exchange_record record;
    http::request request;
    request.id = "0123456789abcdef";
    for (const bool is_logged : {true, false}) {
        record.describe(request, is_logged);
        record.status = 200;
        const owned_record kept(record);
        kept.get().publish(server.shared, {}, record.started);
    }
    BOOST_TEST(server.access_lines.size() == 1u);
    BOOST_TEST(server.metrics.totals().requests == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
