// The whole server over loopback: what only real sockets, threads and time show.
#include "server/server.hpp"

#include "session/requests.hpp"
#include "support/running_server.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>

namespace fairlead::server {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// Tries until `holds`; false after ten seconds.
template <class Condition>
bool comes_true(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < end) {
        if (holds()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

/// The value of a metric without labels.
std::string metric(const running_server& server, const std::string& name) {
    client admin(server.admin_port());
    const auto text = admin.ask(get("/metrics")).body;
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? "" : text.substr(at + name.size() + 2, text.find('\n', at + 1) - at - name.size() - 2);
}

BOOST_AUTO_TEST_SUITE(whole_server)

BOOST_AUTO_TEST_CASE(serves_and_stops_with_zero) {
    running_server server;
    {
        client one(server.port());
        for (int i = 0; i < 20; ++i) BOOST_TEST(one.ask(get("/")).body == "<p>hello</p>\n");
        BOOST_TEST(one.ask(post(R"({"a":[1,2]})")).status == 201u);
        one.finish_sending();
        BOOST_TEST(one.receive_all() == "");
    }
    BOOST_TEST(server.stop() == 0);
    BOOST_TEST(server.access_lines.size() == 21u);
    BOOST_TEST(server.log_lines.back().ends_with("stopped"));
}

BOOST_AUTO_TEST_CASE(above_the_soft_limit_it_answers_503_and_health) {
    running_server server([](config::settings& settings) {
        settings.limits.connections = 4;
        settings.limits.connections_hard = 8;
    });
    std::vector<client> held;
    for (int i = 0; i < 4; ++i) {
        held.emplace_back(server.port());
        BOOST_TEST(held.back().ask(get("/")).status == 200u);
    }
    for (int i = 0; i < 20; ++i) {
        client shed(server.port());
        const auto answer = shed.ask(get("/"));
        BOOST_TEST(answer.status == 503u);
        const auto seconds = std::stoi(std::string(answer.field("Retry-After")));
        BOOST_TEST(seconds >= 5);
        BOOST_TEST(seconds <= 7);
        BOOST_TEST(answer.field("Connection") == "close");
        BOOST_TEST(shed.receive_all() == "");  // an orderly end, no reset

        // One at a time: the place of the last one may not be free yet.
        BOOST_TEST(comes_true([&] {
            client probe(server.port());
            return probe.ask(get("/livez")).status == 200u;
        }));
    }
    // A document that is still on its way must not turn the answer into a reset.
    client sender(server.port());
    sender.send(request("POST /upload", "Content-Type: application/json\r\nContent-Length: 300000\r\n"));
    BOOST_TEST(sender.receive_answer().status == 503u);
    sender.send(std::string(300'000, ' '));
    BOOST_TEST(sender.receive_all() == "");
    for (auto& one : held) BOOST_TEST(one.ask(get("/")).status == 200u);  // nobody inside noticed
    held.clear();
    BOOST_TEST(comes_true([&] {
        client next(server.port());
        return next.ask(get("/")).status == 200u;
    }));
}

BOOST_AUTO_TEST_CASE(above_the_hard_limit_it_closes_unread) {
    running_server server([](config::settings& settings) {
        settings.limits.connections = 2;
        settings.limits.connections_hard = 2;
    });
    client first(server.port()), second(server.port());
    BOOST_TEST(first.ask(get("/")).status == 200u);
    BOOST_TEST(second.ask(get("/")).status == 200u);
    client third(server.port());
    BOOST_TEST(third.receive_all() == "");
    BOOST_TEST(first.ask(get("/")).status == 200u);
    // The admin listener has places of its own.
    client admin(server.admin_port());
    BOOST_TEST(admin.ask(get("/readyz")).status == 200u);
}

BOOST_AUTO_TEST_CASE(a_slow_head_gets_408_and_silence_gets_nothing) {
    running_server server([](config::settings& settings) {
        settings.limits.header_timeout = 300ms;
        settings.limits.idle_timeout = 300ms;
        settings.limits.idle_timeout_pressed = 300ms;
    });
    client slow(server.port()), silent(server.port()), kept(server.port());
    slow.send("GET / HTTP/1.1\r\nHost: loc");
    BOOST_TEST(kept.ask(get("/")).status == 200u);
    BOOST_TEST(slow.receive_answer().status == 408u);
    BOOST_TEST(slow.receive_all() == "");
    BOOST_TEST(silent.receive_all() == "");
    BOOST_TEST(kept.receive_all() == "");
}

BOOST_AUTO_TEST_CASE(a_large_download_is_whole_however_fast_it_is_taken) {
    // More than a download sends before it gives way to others, several times over.
    const auto bytes = varied_bytes(40 * 1024 * 1024);
    running_server server;
    server.folder.write("www/large.txt", bytes);
    for (const int receive_buffer : {0, 64 * 1024}) {
        client reader(server.port(), receive_buffer);
        const bool is_same = reader.ask(get("/large.txt")).body == bytes;
        BOOST_TEST(is_same);
        BOOST_TEST(reader.ask(get("/")).status == 200u);
    }
}

BOOST_AUTO_TEST_CASE(a_drain_finishes_what_runs) {
    const auto bytes = varied_bytes(16 * 1024 * 1024);
    running_server server;
    server.folder.write("www/large.txt", bytes);
    client reader(server.port(), 16 * 1024), idle(server.port());
    BOOST_TEST(idle.ask(get("/")).status == 200u);
    reader.send(get("/large.txt"));
    auto got = reader.receive_some(1000);
    server.begin_drain();
    BOOST_TEST(idle.receive_all() == "");
    BOOST_TEST(comes_true([&] {
        try {
            client late(server.port());
            return late.receive_all().empty();
        } catch (const std::system_error&) {
            return true;
        }
    }));
    // The connection may go on for this client, but not beyond its answer.
    while (got.size() < bytes.size()) {
        const auto piece = reader.receive_some();
        if (piece.empty()) break;
        got += piece;
    }
    got += reader.receive_all();
    std::string_view rest = got;
    answer whole;
    BOOST_TEST_REQUIRE(take_answer(rest, whole));
    const bool is_same = whole.body == bytes;
    BOOST_TEST(is_same);
    BOOST_TEST(server.stop() == 0);
}

BOOST_AUTO_TEST_CASE(a_drain_that_takes_too_long_cuts_and_says_so) {
    running_server server([](config::settings& settings) { settings.limits.drain_timeout = 200ms; });
    server.folder.write("www/large.txt", varied_bytes(16 * 1024 * 1024));
    client reader(server.port(), 16 * 1024);
    reader.send(get("/large.txt"));
    BOOST_TEST(!reader.receive_some(1000).empty());
    BOOST_TEST(server.stop() == 3);
    const auto says_so = [](const std::string& line) { return line.ends_with("drain_timeout passed: 1 requests cut"); };
    BOOST_TEST(std::count_if(server.log_lines.begin(), server.log_lines.end(), says_so) == 1);
}

BOOST_AUTO_TEST_CASE(a_drain_without_connections_ends_at_once) {
    running_server server;
    BOOST_TEST(server.stop() == 0);
}

BOOST_AUTO_TEST_CASE(a_document_may_have_the_limit_and_not_one_byte_more) {
    constexpr std::size_t limit = 100'000;
    running_server server([](config::settings& settings) { settings.uploads.max_body = limit; });
    const auto document = [](std::size_t size) { return "\"" + std::string(size - 2, 'x') + "\""; };
    client exact(server.port());
    BOOST_TEST(exact.ask(post(document(limit))).status == 201u);
    const auto stored = [&server] {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(server.folder.path() / "uploads"))
            count += entry.is_regular_file() && entry.path().extension() == ".json";
        return count;
    };
    BOOST_TEST(stored() == 1u);
    client announced(server.port());
    const auto refused = announced.ask(post(document(limit + 1)));
    BOOST_TEST(refused.status == 413u);
    BOOST_TEST(refused.body.find("100000 bytes") != std::string::npos);
    BOOST_TEST(refused.body.find("100001") != std::string::npos);
    BOOST_TEST(announced.receive_all() == "");
    // In chunks the size shows only on the way.
    client chunked(server.port());
    chunked.send(post_chunked("186A1\r\n" + document(limit + 1) + "\r\n0\r\n\r\n"));
    BOOST_TEST(chunked.receive_answer().status == 413u);
    BOOST_TEST(chunked.receive_all() == "");
    BOOST_TEST(stored() == 1u);
}

BOOST_AUTO_TEST_CASE(a_pipeline_beyond_the_requests_of_a_connection_loses_no_answer) {
    running_server server([](config::settings& settings) { settings.limits.requests_per_connection = 10; });
    for (int round = 0; round < 50; ++round) {
        client eager(server.port());
        std::string batch;
        for (int i = 0; i < 10; ++i) batch += get("/");
        eager.send(batch);
        eager.send(batch);  // the server has closed, or is about to
        int answers = 0;
        for (; answers < 10; ++answers) BOOST_TEST_REQUIRE(eager.receive_answer().status == 200u);
        BOOST_TEST(eager.receive_all() == "");
    }
}

BOOST_AUTO_TEST_CASE(clients_of_every_kind_at_once) {
    running_server server([](config::settings& settings) { settings.limits.idle_timeout = 200ms; });
    const auto large = varied_bytes(1'000'000);
    server.folder.write("www/large.txt", large);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int number = 0; number < 6; ++number)
        threads.emplace_back([&, number] {
            for (int i = 0; i < 40; ++i) {
                try {
                    client one(server.port());
                    switch ((number + i) % 6) {
                        case 0: wrong += one.ask(get("/")).status != 200; break;
                        case 1: wrong += one.ask(get("/large.txt")).body != large; break;
                        case 2: wrong += one.ask(post("[1]")).status != 201; break;
                        case 3: one.send("GET / HT"); one.reset(); break;
                        case 4: one.send(get("/large.txt")); one.close(); break;
                        case 5: one.send(post("[1, 2]").substr(0, 80)); one.finish_sending(); (void)one.receive_all(); break;
                    }
                } catch (const std::exception&) {
                    ++wrong;
                }
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(wrong == 0);
    BOOST_TEST(comes_true([&] { return metric(server, "fairlead_connections_active") == "0"; }));
    BOOST_TEST(server.stop() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::server
