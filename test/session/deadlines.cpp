// What a session does when the sweeper ends what it waits for. Time passes by what the sweeper is told.
#include "session/http1_session.hpp"
#include "session/shed_session.hpp"

#include "requests.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// Serves `sent`, sweeps `later` after the session began to wait for more, then ends the stream.
session_fixture::outcome serve_and_sweep(session_fixture& server, std::string_view sent,
                                         watch::clock::duration later, bool pressed = false) {
    memory_stream stream(sent);
    stream.while_waiting = [&] { server.watches.sweep(watch::clock::now() + later, pressed); };
    return server.serve(stream);
}

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_AUTO_TEST_CASE(only_who_began_a_request_is_told_that_it_is_late) {
    session_fixture server;
    struct {
        std::string sent;
        watch::clock::duration later;
        bool pressed;
        const char* statuses;
        session::step end;
    } const rows[] = {
        {"GET / HT", 9s, false, "", step::leave},
        {"GET / HT", 10s + 1ms, false, "408", step::linger},
        {get("/") + "G", 11s, false, "200 408", step::linger},
        {get("/large.txt") + "G", 11s, false, "200 408", step::linger},
        {post("{}") + "G", 11s, false, "201 408", step::linger},
        {"\r\n\r\n", 31s, false, "", step::leave},  // nothing has begun
        {"", 31s, false, "", step::leave},
        {get("/"), 31s, false, "200", step::leave},
        {get("/"), 3s, true, "200", step::leave},
        {post("{}").substr(0, post("{}").size() - 1), 9s, false, "400",
         step::linger},  // here the client left
        {post("{}").substr(0, post("{}").size() - 1), 11s, false, "408", step::linger},
        {post_chunked("5\r\n[1"), 11s, false, "408", step::linger},
    };
    for (const auto& row : rows) {
        const auto got = serve_and_sweep(server, row.sent, row.later, row.pressed);
        BOOST_TEST_CONTEXT(row.sent << " after " << row.later.count() / 1'000'000 << " ms") {
            BOOST_TEST(statuses(got.bytes) == row.statuses);
            BOOST_TEST((got.end == row.end));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_late_head_is_told_the_limit) {
    session_fixture server([](config::settings& settings) { settings.limits.header_timeout = 3s; });
    const auto answers = all_answers(serve_and_sweep(server, "GET", 4s).bytes);
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].body.find("within 3 s") != std::string::npos);
    BOOST_TEST(answers[0].field("Connection") == "close");
}

BOOST_AUTO_TEST_CASE(a_reader_that_stalls_is_cut) {
    session_fixture server;
    for (const char* target : {"/large.txt", "/middle.txt"}) {
        memory_stream stream(get(target));
        stream.stall_after = 5'000;
        watch::clock::duration later = 29s;
        stream.while_stalled = [&] {
            server.watches.sweep(watch::clock::now() + later, true);
            BOOST_TEST(!stream.is_writing_aborted());
            server.watches.sweep(watch::clock::now() + 31s, false);
            BOOST_TEST(stream.is_writing_aborted());
        };
        const auto got = server.serve(stream);
        BOOST_TEST(got.bytes.size() == 5'000u);
        BOOST_TEST((got.end == step::leave));
    }
}

BOOST_AUTO_TEST_CASE(a_draining_server_ends_each_connection_with_its_answer) {
    session_fixture server;
    server.is_draining = true;
    for (const auto& sent : {get("/"), post("{}"), get("/large.txt")}) {
        const auto answers = all_answers(server.serve(sent + get("/")).bytes);
        BOOST_TEST_REQUIRE(answers.size() == 1u);
        BOOST_TEST(answers[0].field("Connection") == "close");
    }
}

/// One connection above the soft limit.
session_fixture::outcome shed(session_fixture& server, memory_stream& stream, bool wait_for_head) {
    watch deadline(server.watches, stream);
    const http::peer_info peer{"192.0.2.7", 50412};
    shed_session session(stream, server.shared, deadline, peer, shed_session::limit::all_connections,
                         wait_for_head);
    const auto next = session.serve_ready();
    const auto end = run_task(server.context, session.run(next));
    return {stream.outgoing, end};
}

BOOST_AUTO_TEST_CASE(a_connection_too_many_gets_one_answer) {
    session_fixture server;
    struct {
        std::deque<std::string> sent;
        bool wait_for_head;
        const char* statuses;
        session::step end;
    } const rows[] = {
        {{get("/")}, true, "503", step::leave},
        {{get("/") + get("/")}, true, "503", step::linger},
        {{"GET /", " HTTP/1.1\r\nHost: localhost\r\n\r\n"}, true, "503", step::leave},
        {{"GET /liv", "ez HTTP/1.1\r\nHost: localhost\r\n\r\n"}, true, "200", step::leave},
        {{get("/livez")}, false, "200", step::leave},
        {{"GET /liv", "ez HTTP/1.1\r\nHost: localhost\r\n\r\n"}, false, "503", step::linger},
        {{"GET / HTTP/1.1\n"}, true, "503", step::linger},
        {{post("{}")}, true, "503", step::linger},
        {{post("{}").substr(0, post("{}").size() - 2)}, true, "503", step::linger},  // the body is on its way
        {{post_chunked("")}, true, "503", step::linger},
        {{"GET"}, true, "503", step::linger},
        {{}, true, "", step::leave},
    };
    for (const auto& row : rows) {
        memory_stream stream;
        stream.incoming = row.sent;
        const auto got = shed(server, stream, row.wait_for_head);
        BOOST_TEST_CONTEXT((row.sent.empty() ? "nothing" : row.sent.front())) {
            BOOST_TEST(statuses(got.bytes) == row.statuses);
            BOOST_TEST((got.end == row.end));
            for (const auto& one : all_answers(got.bytes)) {
                BOOST_TEST(one.field("Connection") == "close");
                BOOST_TEST(one.has_field("Retry-After") == (one.status == 503));
            }
        }
    }
    // Who says nothing is answered when the patience is over.
    memory_stream silent;
    silent.while_waiting = [&] { server.watches.sweep(watch::clock::now() + 251ms, false); };
    BOOST_TEST(statuses(shed(server, silent, true).bytes) == "503");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
