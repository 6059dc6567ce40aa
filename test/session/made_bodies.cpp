// Bodies that are made while they are sent: in chunks, or up to the end of the connection.
#include "session/http1_session.hpp"

#include "requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <zlib.h>
#include <boost/test/unit_test.hpp>

namespace fairlead::session {
namespace {

using namespace test;

constexpr std::size_t entries = 2'000;

/// A folder whose listing has about 200 KB, and a text that is too large to be kept compressed.
struct making_server : session_fixture {
    making_server() : session_fixture([](config::settings& all) { all.site.delivery.listing = true; }) {
        folder.make_folder("www/many");
        for (std::size_t i = 0; i < entries; ++i)
            folder.write("www/many/file-" + std::to_string(i) + ".txt", "x");
        std::string text;
        for (std::size_t i = 0; text.size() < 5'000'000; ++i)
            text += "line " + std::to_string(i * 2654435761u) + "\n";
        huge = folder.write("www/huge.txt", text);
        huge_text = std::move(text);
    }
    std::filesystem::path huge;
    std::string huge_text;
};

std::string unpack_gzip(std::string_view packed) {
    z_stream stream{};
    BOOST_TEST_REQUIRE(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
    std::string out;
    std::vector<char> piece(64 * 1024);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        state = inflate(&stream, Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    BOOST_TEST(state == Z_STREAM_END);
    return out;
}

std::string get_huge() { return get("/huge.txt", "Accept-Encoding: gzip\r\n"); }

BOOST_AUTO_TEST_SUITE(made_bodies)

BOOST_AUTO_TEST_CASE(a_listing_comes_in_chunks_and_the_connection_goes_on) {
    making_server server;
    const auto request = get("/many/", "Accept: application/json\r\n") + get("/");
    std::string first;
    for (const std::size_t limit : {SIZE_MAX, std::size_t{100'000}, std::size_t{999}}) {
        memory_stream stream(request);
        stream.write_limit = limit;
        const auto answers = all_answers(server.serve(stream).bytes);
        BOOST_TEST_REQUIRE(answers.size() == 2u);
        BOOST_TEST(answers[0].field("Transfer-Encoding") == "chunked");
        BOOST_TEST(!answers[0].has_field("Content-Length"));
        BOOST_TEST(answers[0].body.ends_with("\"truncated\":false}\n"));
        if (first.empty()) first = answers[0].body;
        BOOST_TEST((answers[0].body == first));
        BOOST_TEST(answers[1].body == "<p>hello</p>\n");
    }
    BOOST_TEST(first.size() > entries * 50);
    // What was sent is what the access log tells, without the framing of chunks.
    const auto& line = server.access_lines.front();
    BOOST_TEST(line.find("\" 200 " + std::to_string(first.size()) + " ") != std::string::npos, line);
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_know_chunks_gets_the_end_of_the_connection) {
    making_server server;
    const auto served =
        server.serve("GET /many/?format=json HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
    BOOST_TEST(served.bytes.find("Transfer-Encoding") == std::string::npos);
    BOOST_TEST(served.bytes.find("Content-Length") == std::string::npos);
    BOOST_TEST(served.bytes.find("\r\nConnection: close\r\n") != std::string::npos);
    BOOST_TEST(served.bytes.ends_with("\"truncated\":false}\n"));
}

BOOST_AUTO_TEST_CASE(head_has_the_fields_and_nothing_behind_them) {
    making_server server;
    const auto served = server.serve(request("HEAD /many/") +
                                     request("HEAD /huge.txt", "Accept-Encoding: gzip\r\n") + get("/"));
    std::string_view rest = served.bytes;
    answer one;
    BOOST_TEST_REQUIRE(take_answer(rest, one, true));
    BOOST_TEST(one.field("Content-Type") == "text/html; charset=utf-8");
    BOOST_TEST_REQUIRE(take_answer(rest, one, true));
    BOOST_TEST(one.field("Content-Encoding") == "gzip");
    BOOST_TEST_REQUIRE(take_answer(rest, one));
    BOOST_TEST(one.body == "<p>hello</p>\n");
    BOOST_TEST(rest.empty());
}

BOOST_AUTO_TEST_CASE(a_large_file_is_compressed_while_it_is_sent) {
    making_server server;
    for (const std::size_t limit : {SIZE_MAX, std::size_t{50'000}}) {
        memory_stream stream(get_huge() + get("/"));
        stream.write_limit = limit;
        const auto answers = all_answers(server.serve(stream).bytes);
        BOOST_TEST_REQUIRE(answers.size() == 2u);
        BOOST_TEST(answers[0].field("Content-Encoding") == "gzip");
        BOOST_TEST(answers[0].field("Transfer-Encoding") == "chunked");
        BOOST_TEST((unpack_gzip(answers[0].body) == server.huge_text));
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_meanwhile_is_never_completed) {
    making_server server;
    for (const bool is_old_client : {false, true}) {
        memory_stream stream(
            is_old_client ? "GET /huge.txt HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
                          : get_huge() + get("/"));
        stream.stall_after = 100'000;
        stream.while_stalled = [&] {
            std::filesystem::last_write_time(
                server.huge, std::filesystem::last_write_time(server.huge) + std::chrono::seconds(1));
            stream.stall_after = SIZE_MAX;
        };
        const auto served = server.serve(stream);
        BOOST_TEST((served.end == step::leave));
        BOOST_TEST(served.bytes.size() > 100'000u);
        BOOST_TEST(!served.bytes.ends_with("0\r\n\r\n"));  // no last chunk, and no second answer
        // The end of the connection would be the end of the body there: only a reset tells the two apart.
        BOOST_TEST(stream.is_reset == is_old_client);
    }
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_stops_the_work) {
    making_server server;
    const auto processor_time = [] { return std::clock(); };
    memory_stream all(get_huge());
    auto begin = processor_time();
    server.serve(all);
    const auto whole = processor_time() - begin;
    memory_stream leaving(get_huge());
    leaving.fail_after = 3;
    begin = processor_time();
    const auto served = server.serve(leaving);
    BOOST_TEST((served.end == step::leave));
    BOOST_TEST(processor_time() - begin < whole / 2);
    BOOST_TEST(server.work.current().in_flight == 0u);
}

BOOST_AUTO_TEST_CASE(without_chunks_an_answer_that_is_cut_ends_by_a_reset) {
    making_server server;
    for (const bool knows_chunks : {false, true}) {
        for (const std::size_t sent : {0u, 300u, 100'000u}) {
            const auto request = get("/many/", "Accept: application/json\r\n");
            memory_stream stream(
                knows_chunks ? request
                             : "GET /many/ HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
            stream.write_limit = 7'000;
            stream.stall_after = sent;
            // As the sweeper does with who takes nothing for too long.
            stream.while_stalled = [&] {
                server.watches.sweep(watch::clock::now() + std::chrono::hours(1), false);
            };
            const auto served = server.serve(stream);
            BOOST_TEST((served.end == step::leave));
            BOOST_TEST(stream.is_reset == !knows_chunks);
        }
    }
    // What is complete ends as before.
    memory_stream stream("GET /many/ HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_limit = 7'000;
    server.serve(stream);
    BOOST_TEST(!stream.is_reset);
}

BOOST_AUTO_TEST_CASE(it_fails_cleanly_wherever_the_connection_does) {
    making_server server;
    for (std::size_t operations = 1; operations < 40; ++operations) {
        memory_stream stream(get("/many/"));
        stream.write_limit = 7'000;
        stream.fail_after = operations;
        server.serve(stream);
        BOOST_TEST(server.watches.size() == 0u);
        BOOST_TEST(server.work.current().in_flight == 0u);
    }
    // Each of them gave its place back.
    BOOST_TEST(all_answers(server.serve(get("/many/")).bytes).at(0).status == 200u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
