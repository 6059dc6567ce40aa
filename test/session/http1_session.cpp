#include "session/http1_session.hpp"

#include "requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace fairlead::session {
namespace {

using namespace test;

/// What a client sees, without what differs from run to run: dates, ids, and the names of stored documents.
std::string comparable(std::string bytes) {
    bytes = without_variable_parts(std::move(bytes));
    constexpr std::string_view prefix = "/uploads/";
    for (std::size_t at = 0; (at = bytes.find(prefix, at)) != std::string::npos;) {
        at += prefix.size();
        const auto end = std::min(bytes.find_first_of("\"\r", at), bytes.size());
        bytes.replace(at, end - at, end - at, '-');
    }
    return bytes;
}

void tighten(config::settings& settings) {
    settings.uploads.max_body = 1000;
    settings.limits.header_size = 1024;
}

struct exchange {
    std::string sent;
    std::string statuses;
    session::step end = step::leave;
};

/// Requests with the statuses of their answers. None is HEAD, which take_answer() would have to know.
std::vector<exchange> exchanges() {
    const std::string large_document = "\"" + std::string(2000, 'x') + "\"";
    return {
        {get("/"), "200"},
        {get("/") + get("/sub/") + get("/nothing.txt") + get("/empty.txt"), "200 200 404 200"},
        {get("/large.txt") + get("/"), "200 200"},
        {get("/middle.txt") + get("/middle.txt"), "200 200"},
        {get("/large.txt", "Range: bytes=100000-150000\r\n") + get("/middle.txt", "Range: bytes=-1\r\n"),
         "206 206"},
        {get("/middle.txt", "Range: bytes=10000-\r\n") + get("/"), "416 200"},
        {get("/", "If-Modified-Since: Sun, 13 Sep 2020 12:26:40 GMT\r\n") + get("/"), "304 200"},
        {get("/sub") + get("/program.exe") + get("/.hidden"), "301 415 404"},
        {request("DELETE /") + request("BREW /") + request("OPTIONS /") + request("OPTIONS *"),
         "405 501 204 204"},
        {post(R"({"a":1})") + get("/"), "201 200"},
        {post(R"({"a":1})") + post("[]") + post("7"), "201 201 201"},
        {post_chunked("3\r\n[1,\r\n2;x=y\r\n2]\r\n0\r\nA: b\r\n\r\n") + get("/"), "201 200"},
        {post("{") + get("/"), "400 200"},
        {request("POST /upload", "Content-Type: application/json\r\n") + get("/"), "411 200"},
        {request("POST /upload", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}") + get("/"),
         "415 200"},
        {post(large_document) + get("/"), "413", step::linger},
        {post_chunked("800\r\n" + large_document.substr(0, 2) + std::string(2046, 'x') + "\r\n0\r\n\r\n"),
         "413", step::linger},
        {post_chunked("x\r\n"), "400", step::linger},
        {post(R"({"a":)").substr(0, post(R"({"a":)").size() - 1), "400",
         step::linger},  // ends within the body
        {request("GET /", "Content-Length: 5\r\n", "hello") + get("/sub/"), "200 200"},
        {request("GET /", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n") + get("/sub/"), "200 200"},
        {request("GET /nothing", "Content-Length: 70000\r\n", std::string(300, 'x')), "404", step::linger},
        {request("GET /large.txt", "Content-Length: 70000\r\n", std::string(300, 'x')), "200", step::linger},
        {"GET / HTTP/1.0\r\n\r\n" + get("/"), "200"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get("/"), "200 200"},
        {get("/", "Connection: close\r\n") + get("/"), "200"},
        {get("/large.txt", "Connection: close\r\n") + get("/"), "200"},
        {"\r\n\r\n" + get("/") + "\r\n" + get("/"), "200 200"},
        {"GET http://localhost/sub/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/"), "200 200"},
        {get("/..%2f..%2fetc/passwd") + get("/"), "403 200"},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n" + get("/"), "403 200"},
        {request("CONNECT localhost:1"), "405", step::linger},
        {request("CONNECT localhost:1") + get("/"), "405", step::linger},
        {request("CONNECT localhost") + get("/"), "400", step::linger},
        {get("/", "Expect: magic\r\n"), "417", step::linger},
        {"GET / HTTP/1.1\r\n\r\n" + get("/"), "400", step::linger},
        {get("/", "Host: localhost\r\n"), "400", step::linger},
        {request("POST /upload", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400",
         step::linger},
        {request("POST /upload", "Transfer-Encoding: gzip\r\n", "x"), "501", step::linger},
        {get("/") + "GET / HTTP/2.0\r\n\r\n", "200 505", step::linger},
        {get("/") + "GET / HTTP/1.1\nHost: localhost\n\n", "200 400", step::linger},
        {get("/") + "\x16\x03\x01", "200 400", step::linger},
        {"GET /" + std::string(1100, 'a') + " HTTP/1.1\r\n", "414", step::linger},
        {get("/", "A: " + std::string(1100, 'a') + "\r\n"), "431", step::linger},
        {get("/").substr(0, 20), ""},
        {"\r\n\r\n", ""},
        {"", ""},
    };
}

BOOST_AUTO_TEST_SUITE(http1_session_over_memory)

BOOST_AUTO_TEST_CASE(the_answers_do_not_depend_on_how_the_bytes_arrive_or_leave) {
    session_fixture server(tighten);
    for (const auto& one : exchanges()) {
        BOOST_TEST_CONTEXT("request " << one.sent.substr(0, 300)) {
            const auto whole = server.serve(one.sent);
            BOOST_TEST(statuses(whole.bytes) == one.statuses);
            BOOST_TEST((whole.end == one.end));
            const auto expected = comparable(whole.bytes);
            const auto check = [&](memory_stream& stream, const std::string& how) {
                const auto got = server.serve(stream);
                const bool is_same = comparable(got.bytes) == expected && got.end == whole.end;
                BOOST_TEST(is_same, how);
                if (!is_same) BOOST_TEST(comparable(got.bytes).substr(0, 3000) == expected.substr(0, 3000));
            };
            memory_stream by_byte;
            for (const char byte : one.sent) by_byte.incoming.emplace_back(1, byte);
            check(by_byte, "byte by byte");
            const auto step = std::max<std::size_t>(1, one.sent.size() / 400);
            for (std::size_t cut = 1; cut < one.sent.size(); cut += step) {
                memory_stream cut_once;
                cut_once.incoming = {one.sent.substr(0, cut), one.sent.substr(cut)};
                check(cut_once, "cut at " + std::to_string(cut));
            }
            for (const std::size_t limit : {1u, 7u, 1000u, 65536u}) {
                if (limit < 1000 && expected.size() > 20'000) continue;
                memory_stream slow(one.sent);
                slow.write_limit = limit;
                check(slow, "writes of " + std::to_string(limit));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(contents_are_those_of_the_files) {
    session_fixture server;
    const auto answers = all_answers(server
                                         .serve(get("/large.txt") + get("/middle.txt") + get("/empty.txt") +
                                                get("/large.txt", "Range: bytes=70000-70009\r\n"))
                                         .bytes);
    BOOST_TEST_REQUIRE(answers.size() == 4u);
    BOOST_TEST((answers[0].body == varied_bytes(200'000)));
    BOOST_TEST((answers[1].body == varied_bytes(10'000)));
    BOOST_TEST(answers[2].body == "");
    BOOST_TEST((answers[3].body == varied_bytes(200'000).substr(70'000, 10)));
    BOOST_TEST(answers[3].field("Content-Range") == "bytes 70000-70009/200000");
}

BOOST_AUTO_TEST_CASE(head_announces_and_does_not_send) {
    session_fixture server;
    for (const char* target : {"/", "/middle.txt", "/large.txt", "/nothing"}) {
        const auto asked = server.serve(request("HEAD " + std::string(target)) + get("/"));
        std::string_view bytes = asked.bytes;
        answer head, next;
        BOOST_TEST_REQUIRE(take_answer(bytes, head, true));
        BOOST_TEST_REQUIRE(take_answer(bytes, next));
        BOOST_TEST(bytes.empty());
        const auto full = all_answers(server.serve(get(target)).bytes).front();
        BOOST_TEST(head.status == full.status);
        BOOST_TEST(head.field("Content-Length") == std::to_string(full.body.size()));
        BOOST_TEST(next.body == "<p>hello</p>\n");
    }
}

BOOST_AUTO_TEST_CASE(requests_of_a_connection_are_counted_down) {
    session_fixture server([](config::settings& settings) { settings.limits.requests_per_connection = 3; });
    const auto served = server.serve(get("/") + post("1") + get("/large.txt") + get("/") + get("/"));
    const auto answers = all_answers(served.bytes);
    BOOST_TEST_REQUIRE(answers.size() == 3u);
    BOOST_TEST(answers[0].field("Connection") == "keep-alive");
    BOOST_TEST(answers[0].field("Keep-Alive") == "timeout=30, max=2");
    BOOST_TEST(answers[1].field("Keep-Alive") == "timeout=30, max=1");
    BOOST_TEST(answers[2].field("Connection") == "close");
    BOOST_TEST(!answers[2].has_field("Keep-Alive"));
    // The client was sending on: it has to be read out, or a reset would overtake the answers.
    BOOST_TEST((served.end == step::linger));
}

BOOST_AUTO_TEST_CASE(many_pipelined_requests_are_answered_in_order) {
    session_fixture server(
        [](config::settings& settings) { settings.limits.requests_per_connection = 100'000; });
    std::string sent;
    for (int i = 0; i < 3000; ++i)
        sent += get(i % 3 == 0 ? "/" : i % 3 == 1 ? "/middle.txt" : "/no-" + std::to_string(i));
    for (const std::size_t write_limit : {SIZE_MAX, std::size_t{9999}}) {
        memory_stream stream(sent);
        stream.write_limit = write_limit;
        const auto answers = all_answers(server.serve(stream).bytes);
        BOOST_TEST_REQUIRE(answers.size() == 3000u);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            BOOST_TEST_REQUIRE(answers[i].status == (i % 3 == 2 ? 404u : 200u));
            BOOST_TEST_REQUIRE(answers[i].body.size() == (i % 3 == 0   ? 13u
                                                          : i % 3 == 1 ? 10'000u
                                                                       : answers[i].body.size()));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_small_answer_is_one_write) {
    session_fixture server;
    (void)server.serve(get("/") + get("/nothing"));  // opens what is cached
    memory_stream stream(get("/") + get("/") + get("/nothing"));
    BOOST_TEST(statuses(server.serve(stream).bytes) == "200 200 404");
    BOOST_TEST(stream.operations == 4u);  // read, write, wait, and the read that sees the end
}

BOOST_AUTO_TEST_CASE(a_failure_at_any_operation_ends_the_connection_and_nothing_else) {
    session_fixture server;
    const auto sent =
        get("/") + get("/large.txt") + get("/middle.txt") + post_chunked("2\r\n[]\r\n0\r\n\r\n");
    const auto make_stream = [&] {
        memory_stream stream;
        stream.incoming = {sent.substr(0, 30), sent.substr(30, sent.size() - 40),
                           sent.substr(sent.size() - 10)};
        stream.write_limit = 30'000;
        return stream;
    };
    auto good = make_stream();
    const auto whole = without_variable_parts(server.serve(good).bytes);
    BOOST_TEST(statuses(whole) == "200 200 200 201");
    const auto fixed = whole.find("HTTP/1.1 201");
    for (std::size_t n = 0; n < good.operations; ++n) {
        auto stream = make_stream();
        stream.fail_after = n;
        const auto got = server.serve(stream);
        BOOST_TEST_CONTEXT("after " << n << " of " << good.operations << " operations") {
            BOOST_TEST((got.end == step::leave));
            BOOST_TEST(got.bytes.size() <= whole.size());
            const auto common = std::min(got.bytes.size(), fixed);
            const bool is_prefix =
                without_variable_parts(got.bytes).substr(0, common) == whole.substr(0, common);
            BOOST_TEST(is_prefix);
        }
    }
    BOOST_TEST(server.watches.size() == 0u);
    BOOST_TEST(server.work.current().in_flight == 0u);
}

BOOST_AUTO_TEST_CASE(a_refused_size_names_the_limit_and_the_size) {
    session_fixture server(tighten);
    const auto answers = all_answers(server.serve(post(std::string(1001, ' '))).bytes);
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].body.find("1000 bytes (uploads.max_body); this one has 1001.") !=
               std::string::npos);
    BOOST_TEST(statuses(server.serve(post("\"" + std::string(998, 'x') + "\"")).bytes) == "201");
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_to_go_on_is_told_or_refused) {
    session_fixture server(tighten);
    const auto head = request(
        "POST /upload", "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n");
    memory_stream patient;
    patient.incoming = {head, "{}"};
    BOOST_TEST(statuses(server.serve(patient).bytes) == "100 201");
    BOOST_TEST(statuses(server.serve(head + "{}").bytes) == "201");
    // Refused before the body: whether it comes is unknown, so the connection ends.
    const auto refused = server.serve(
        request("POST /upload", "Content-Type: text/plain\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"));
    const auto answers = all_answers(refused.bytes);
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].status == 415u);
    BOOST_TEST(answers[0].field("Connection") == "close");
    BOOST_TEST((refused.end == step::linger));
}

BOOST_AUTO_TEST_CASE(every_request_is_counted_and_logged_once) {
    session_fixture server;
    const auto sent =
        get("/", "User-Agent: \"x\"\r\n") + get("/large.txt") + post("[1]") + get("/livez") + "bad\r\n\r\n";
    for (const std::size_t write_limit : {SIZE_MAX, std::size_t{777}}) {
        const auto before = server.metrics.totals();
        server.access_lines.clear();
        memory_stream stream(sent);
        stream.write_limit = write_limit;
        BOOST_TEST(statuses(server.serve(stream).bytes) == "200 200 201 200 400");
        const auto totals = server.metrics.totals();
        BOOST_TEST(totals.requests - before.requests == 5u);
        BOOST_TEST_REQUIRE(server.access_lines.size() == 4u);  // a health check is not logged
        BOOST_TEST(server.access_lines[0].starts_with("192.0.2.7 - - ["));
        BOOST_TEST(server.access_lines[0].find(R"("GET / HTTP/1.1" 200 13 "-" "\x22x\x22")") !=
                   std::string::npos);
        BOOST_TEST(server.access_lines[1].find(R"("GET /large.txt HTTP/1.1" 200 200000)") !=
                   std::string::npos);
        BOOST_TEST(server.access_lines[2].find(R"("POST /upload HTTP/1.1" 201)") != std::string::npos);
        BOOST_TEST(server.access_lines[3].find(" 400 ") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(the_id_of_an_answer_is_in_its_page_and_in_the_access_log) {
    session_fixture server;
    const auto answers = all_answers(server.serve(get("/nothing") + get("/nothing")).bytes);
    BOOST_TEST_REQUIRE(answers.size() == 2u);
    BOOST_TEST(answers[0].field("X-Request-Id") != answers[1].field("X-Request-Id"));
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string id(answers[i].field("X-Request-Id"));
        BOOST_TEST(id.size() == 16u);
        BOOST_TEST(answers[i].body.find(id) != std::string::npos);
        BOOST_TEST(server.access_lines[i].find(id) != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(the_access_log_tells_what_load_refused) {
    session_fixture server([](config::settings& settings) {
        settings.limits.in_flight = 1;
        settings.limits.queue = 0;
    });
    std::vector<std::string> lines;
    server.access_log.capture(lines, telemetry::access_class::failure, telemetry::access_format::json);
    {
        const auto place = run_task(server.context, server.work.acquire());
        BOOST_TEST_REQUIRE(place.has_value());
        BOOST_TEST(statuses(server.serve(post(R"({"a":1})")).bytes) == "503");
    }
    BOOST_TEST(statuses(server.serve(post("{") + get("/nothing")).bytes) == "400 404");
    BOOST_TEST_REQUIRE(lines.size() == 3u);
    BOOST_TEST(lines[0].ends_with(R"("shed":true})"));
    BOOST_TEST(lines[1].ends_with(R"("shed":false})"));
    BOOST_TEST(lines[2].ends_with(R"("shed":false})"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
