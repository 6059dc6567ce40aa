#include "session/http1_body.hpp"

#include "net/plain_stream.hpp"
#include "support/memory_stream.hpp"
#include "support/run_task.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;
using test::memory_stream;
using test::run_task;
using kind = enum http::body_framing::kind;

/// Content, or the error that reading ended with.
struct reading {
    std::string content;
    error_code failed;
};

task<reading> read_all(http1_body& body, std::size_t buffer_size) {
    reading done;
    std::string buffer(buffer_size, '\0');
    for (;;) {
        const auto got = co_await body.read_some(buffer);
        if (!got) {
            done.failed = got.error();
            co_return done;
        }
        if (*got == 0) co_return done;
        done.content.append(buffer, 0, *got);
    }
}

/// One body with what it stands on. `early` came with the head.
struct body_fixture {
    body_fixture(kind how, std::uint64_t length, std::string early, std::vector<std::string> later,
                 bool expects = false)
        : deadline(watches, stream) {
        for (auto& piece : later)
            if (!piece.empty()) stream.incoming.push_back(std::move(piece));
        http::body_framing framing;
        framing.kind = how;
        framing.length = length;
        body.emplace(stream, deadline, limits, framing, std::move(early), expects);
    }
    /// Ends whatever waits now, as the sweeper would after `later`.
    void sweep_after(watch::clock::duration later) { watches.sweep(watch::clock::now() + later, false); }

    config::limit_settings limits;
    watch_list watches{{30'000ms, 2'000ms}};
    memory_stream stream;
    watch deadline;
    std::optional<http1_body> body;
};

constexpr const char* next_request = "GET /next HTTP/1.1\r\n";

BOOST_AUTO_TEST_SUITE(request_body)

BOOST_AUTO_TEST_CASE(every_split_gives_the_same_content_and_the_same_rest) {
    struct {
        kind how;
        std::uint64_t length;
        std::string wire;
        std::string content;
    } const rows[] = {
        {kind::length, 11, "hello world", "hello world"},
        {kind::length, 0, "", ""},
        {kind::chunked, 0, "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX: y\r\n\r\n", "hello world"},
        {kind::chunked, 0, "0\r\n\r\n", ""},
        {kind::chunked, 0, "1\r\na\r\n00a\r\n0123456789\r\n0\r\n\r\n", "a0123456789"},
    };
    for (const auto& row : rows) {
        const auto all = row.wire + next_request;
        for (std::size_t early = 0; early <= all.size(); ++early) {
            for (const std::size_t cut : {early, early + 1, (early + all.size()) / 2, all.size()}) {
                for (const std::size_t buffer : {1u, 3u, 4096u}) {
                    const auto middle = std::clamp(cut, early, all.size());
                    body_fixture at(row.how, row.length, all.substr(0, early),
                                    {all.substr(early, middle - early), all.substr(middle)});
                    const auto got = run_task(read_all(*at.body, buffer));
                    BOOST_TEST_CONTEXT(row.wire << " early " << early << " cut " << middle << " buffer "
                                                << buffer) {
                        BOOST_TEST(!got.failed);
                        BOOST_TEST(got.content == row.content);
                        BOOST_TEST(at.body->received() == row.content.size());
                        BOOST_TEST(at.body->is_complete());
                        // Nothing of the next request is lost: the rest is in the surplus, or was not read
                        // yet.
                        auto rest = at.body->take_surplus();
                        for (const auto& piece : at.stream.incoming) rest += piece;
                        BOOST_TEST(rest == next_request);
                        BOOST_TEST(at.stream.outgoing.empty());
                    }
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(tells_its_length_when_it_is_known) {
    body_fixture counted(kind::length, 7, "", {});
    BOOST_TEST(counted.body->length() == 7);
    body_fixture chunked(kind::chunked, 0, "", {});
    BOOST_TEST(chunked.body->length() == -1);
}

BOOST_AUTO_TEST_CASE(continue_is_sent_only_to_a_client_that_waits_for_it) {
    const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    struct {
        bool expects;
        std::string early, later;
        std::string sent;
    } const rows[] = {
        {true, "", "hello", go_on},
        {true, "he", "llo", ""},  // the body is on its way already
        {true, "hello", "", ""},
        {false, "", "hello", ""},
    };
    for (const auto& row : rows) {
        body_fixture at(kind::length, 5, row.early, {row.later}, row.expects);
        BOOST_TEST(at.body->is_unsolicited() == (row.expects && row.early.empty()));
        BOOST_TEST(at.stream.outgoing == "");  // not before somebody wants the body
        BOOST_TEST(run_task(read_all(*at.body, 3)).content == "hello");
        BOOST_TEST(at.stream.outgoing == row.sent);
        BOOST_TEST(!at.body->is_unsolicited());
    }
    body_fixture slow(kind::length, 5, "", {"hello"}, true);
    slow.stream.write_limit = 1;
    BOOST_TEST(run_task(read_all(*slow.body, 64)).content == "hello");
    BOOST_TEST(slow.stream.outgoing == go_on);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_stream_is_no_end_of_the_body) {
    for (const auto& later : std::vector<std::vector<std::string>>{{}, {"hell"}, {"h", "ell"}}) {
        body_fixture counted(kind::length, 5, "", later);
        BOOST_TEST((run_task(read_all(*counted.body, 64)).failed == errc::end_of_stream));
        BOOST_TEST(!counted.body->is_complete());
    }
    body_fixture chunked(kind::chunked, 0, "5\r\nhel", {"lo\r\n0\r\n"});
    const auto got = run_task(read_all(*chunked.body, 64));
    BOOST_TEST((got.failed == errc::end_of_stream));
    BOOST_TEST(got.content == "hello");
    body_fixture broken(kind::chunked, 0, "x\r\n", {});
    BOOST_TEST((run_task(read_all(*broken.body, 64)).failed == errc::bad_framing));
}

BOOST_AUTO_TEST_CASE(the_minimum_rate_counts_from_the_begin_with_a_grace) {
    // 256 bytes a second, after the 10 seconds that a head may take as well.
    struct {
        std::size_t received;
        watch::clock::duration late;
        bool expires;
    } const rows[] = {
        {0, 9s, false},        {0, 11s, true},       {2560, 19s, false}, {2560, 21s, true},
        {256'000, 29s, false}, {256'000, 31s, true},  // however much came: silent for as long as an idle
                                                      // connection may be
    };
    for (const auto& row : rows) {
        body_fixture at(kind::length, 1 << 20, "", {std::string(row.received, 'x')});
        at.stream.while_waiting = [&] { at.sweep_after(row.late); };
        const auto got = run_task(read_all(*at.body, 1 << 20));
        BOOST_TEST_CONTEXT(row.received << " bytes") {
            BOOST_TEST(at.deadline.has_expired() == row.expires);
            BOOST_TEST((got.failed == (row.expires ? errc::timeout : errc::end_of_stream)));
            BOOST_TEST(got.content.size() == row.received);
        }
    }
}

BOOST_AUTO_TEST_CASE(without_a_minimum_rate_only_silence_is_too_late) {
    for (const auto& [late, expires] : {std::pair{29s, false}, {31s, true}}) {
        body_fixture at(kind::length, 1 << 20, "", {"x"});
        at.limits.min_body_rate = 0;
        at.stream.while_waiting = [&, late = late] { at.sweep_after(late); };
        (void)run_task(read_all(*at.body, 1 << 20));
        BOOST_TEST(at.deadline.has_expired() == expires);
    }
}

BOOST_AUTO_TEST_CASE(drains_up_to_a_limit) {
    struct {
        kind how;
        std::uint64_t length;
        std::string wire;
        std::uint64_t limit;
        bool drained;
    } const rows[] = {
        {kind::length, 5, "hello", 5, true},
        {kind::length, 6, "hello!", 5, false},
        {kind::length, 5, "hell", 5, false},
        {kind::length, 0, "", 0, true},
        {kind::chunked, 0, "5\r\nhello\r\n0\r\n\r\n", 5, true},
        {kind::chunked, 0, "6\r\nhello!\r\n0\r\n\r\n", 5, false},
        {kind::chunked, 0, "5\r\nhello\r\n0\r\n", 5, false},
        {kind::chunked, 0, "bad\n", 5, false},
    };
    for (const auto& row : rows) {
        body_fixture at(row.how, row.length, "", {row.wire + next_request});
        if (!row.drained && row.wire.size() < row.length) at.stream.incoming = {row.wire};
        if (row.how == kind::chunked && row.wire.ends_with("0\r\n")) at.stream.incoming = {row.wire};
        const bool drained = run_task(at.body->drain(row.limit));
        BOOST_TEST_CONTEXT(row.wire) BOOST_TEST(drained == row.drained);
    }
    // A length beyond the limit is not even begun.
    body_fixture at(kind::length, 100, "", {std::string(100, 'x')});
    BOOST_TEST(!run_task(at.body->drain(99)));
    BOOST_TEST(at.stream.operations == 0u);
}

BOOST_AUTO_TEST_CASE(a_failure_at_any_operation_is_told) {
    for (std::size_t n = 0; n < 40; ++n) {
        body_fixture at(kind::chunked, 0, "", {"5\r\nhe", "llo\r\n", "0\r", "\n\r\n"}, true);
        at.stream.write_limit = 9;
        at.stream.fail_after = n;
        const auto got = run_task(read_all(*at.body, 2));
        const bool has_met_it = at.stream.operations > n;
        BOOST_TEST(static_cast<bool>(got.failed) == has_met_it);
        if (!has_met_it) BOOST_TEST(got.content == "hello");
    }
}

/// A body on a socket, to be read by its feed.
struct fed_fixture {
    fed_fixture(std::uint64_t length, std::string early, bool expects = false)
        : stream(context, std::move(ends.first)), deadline(watches, stream) {
        http::body_framing framing;
        framing.kind = kind::length;
        framing.length = length;
        body.emplace(stream, deadline, limits, framing, std::move(early), expects);
    }
    static std::pair<unique_fd, unique_fd> make_ends() {
        int ends[2];
        BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        return {unique_fd(ends[0]), unique_fd(ends[1])};
    }
    net::body_feed& feed() { return *run_task(context, body->feed()); }
    void send(std::string_view bytes) {
        BOOST_REQUIRE(::write(ends.second.get(), bytes.data(), bytes.size()) ==
                      static_cast<ssize_t>(bytes.size()));
    }
    /// What one read gives: its bytes, or the error's message.
    std::string read(net::body_feed& from, std::size_t most = 100) {
        std::string buffer(most, '\0');
        const auto got = from.read_now(buffer);
        if (!got) return net::would_block(got.error()) ? "EAGAIN" : got.error().message();
        return buffer.substr(0, *got);
    }
    void sweep_after(watch::clock::duration later) { watches.sweep(watch::clock::now() + later, false); }

    config::limit_settings limits;
    watch_list watches{{30'000ms, 2'000ms}};
    boost::asio::io_context context{1};
    std::pair<unique_fd, unique_fd> ends = make_ends();
    net::plain_stream stream;
    watch deadline;
    std::optional<http1_body> body;
};

BOOST_AUTO_TEST_CASE(a_feed_gives_what_is_there_and_nothing_of_the_next_request) {
    fed_fixture at(10, "abc");
    auto& feed = at.feed();
    BOOST_TEST(at.body->is_streamed());
    BOOST_TEST(at.read(feed, 2) == "ab");
    BOOST_TEST(at.read(feed) == "c");
    BOOST_TEST(at.read(feed) == "EAGAIN");
    at.send("defg");
    BOOST_TEST(at.read(feed) == "defg");
    feed.rest();
    BOOST_TEST(at.read(feed) == "EAGAIN");
    at.send(std::string("hij") + next_request);
    BOOST_TEST(at.read(feed) == "hij");
    BOOST_TEST(at.read(feed) == "");
    BOOST_TEST(at.body->is_complete());
    BOOST_TEST(at.body->received() == 10u);
    fed_fixture left(10, "");
    auto& cut = left.feed();
    left.ends.second.reset();
    BOOST_TEST(left.read(cut) == make_error_code(errc::end_of_stream).message());
}

BOOST_AUTO_TEST_CASE(a_feed_tells_the_client_to_go_on) {
    fed_fixture at(10, "", true);
    at.feed();
    std::string told(100, '\0');
    const auto size = ::read(at.ends.second.get(), told.data(), told.size());
    BOOST_TEST_REQUIRE(size > 0);
    BOOST_TEST(told.substr(0, static_cast<std::size_t>(size)) == "HTTP/1.1 100 Continue\r\n\r\n");
    BOOST_TEST(!at.body->is_unsolicited());
}

BOOST_AUTO_TEST_CASE(there_is_no_feed_of_chunks_or_of_what_cannot_be_waited_for) {
    body_fixture chunked(kind::chunked, 0, "", {});
    BOOST_TEST(!run_task(chunked.body->feed()));
    body_fixture in_memory(kind::length, 3, "", {"abc"});
    BOOST_TEST(!run_task(in_memory.body->feed()));
    BOOST_TEST(!in_memory.body->is_streamed());
}

BOOST_AUTO_TEST_CASE(only_who_is_waited_for_can_be_late) {
    fed_fixture at(10, "");
    at.limits.header_timeout = 200ms;
    at.limits.idle_timeout = 200ms;
    auto& feed = at.feed();
    at.sweep_after(1h);  // nobody has asked
    std::this_thread::sleep_for(300ms);
    BOOST_TEST(at.read(feed) == "EAGAIN");
    at.sweep_after(100ms);
    BOOST_TEST(at.read(feed) == "EAGAIN");
    feed.rest();
    at.sweep_after(1h);
    std::this_thread::sleep_for(300ms);
    BOOST_TEST(at.read(feed) == "EAGAIN");
    at.sweep_after(100ms);
    BOOST_TEST(at.read(feed) == "EAGAIN");
    at.sweep_after(300ms);
    feed.rest();  // it is known all the same
    BOOST_TEST(at.read(feed) == make_error_code(errc::timeout).message());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
