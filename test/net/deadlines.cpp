// Streams to somebody who works for a request: given up in time, and when nobody waits for the answer any
// more.
#include "net/deadlines.hpp"

#include "net/plain_stream.hpp"
#include "support/loopback.hpp"
#include "support/memory_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::client;
using test::loopback_listener;
using test::memory_stream;

struct visible_client final : http::connection_view {
    std::atomic<bool> is_gone{false};
    bool has_left() const noexcept override { return is_gone; }
    http::local_end local() const noexcept override { return {}; }
};

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_AUTO_TEST_CASE(a_stream_is_aborted_once_its_time_has_come) {
    const auto begin = deadline::clock::now();
    deadline_list all;
    memory_stream soon, later, never;
    deadline first(all, soon, nullptr), second(all, later, nullptr), third(all, never, nullptr);
    first.set(begin + 1s);
    second.set(begin + 2s);
    all.sweep(begin + 999ms);
    BOOST_TEST((first.passed() == deadline::reason::none));
    BOOST_TEST(!soon.is_writing_aborted());
    all.sweep(begin + 1s);
    BOOST_TEST((first.passed() == deadline::reason::time));
    BOOST_TEST(soon.is_reading_aborted());
    BOOST_TEST(soon.is_writing_aborted());
    BOOST_TEST((second.passed() == deadline::reason::none));
    second.set(begin + 9s);  // there was progress
    all.sweep(begin + 3s);
    BOOST_TEST((second.passed() == deadline::reason::none));
    BOOST_TEST((third.passed() == deadline::reason::none));
}

BOOST_AUTO_TEST_CASE(a_client_that_left_ends_what_worked_for_it) {
    deadline_list all;
    memory_stream stream;
    visible_client client;
    deadline one(all, stream, &client);
    all.sweep(deadline::clock::now());
    BOOST_TEST((one.passed() == deadline::reason::none));
    client.is_gone = true;
    all.sweep(deadline::clock::now());
    BOOST_TEST((one.passed() == deadline::reason::client_left));
    BOOST_TEST(stream.is_writing_aborted());
}

BOOST_AUTO_TEST_CASE(an_event_is_set_in_place_of_an_abort) {
    deadline_list all;
    visible_client client;
    event late, left;
    deadline first(all, late, nullptr), second(all, left, &client);
    const auto begin = deadline::clock::now();
    first.set(begin + 1s);
    all.sweep(begin);
    BOOST_TEST((first.error() == error_code{}));
    client.is_gone = true;
    all.sweep(begin + 1s);
    BOOST_TEST((first.error() == errc::timeout));
    BOOST_TEST((second.error() == errc::abandoned));
    boost::asio::io_context context{1};
    bool is_over = false;
    boost::asio::co_spawn(
        context,
        [&]() -> task<> {
            co_await late.wait();
            co_await left.wait();
            is_over = true;
        },
        boost::asio::detached);
    context.run();
    BOOST_TEST(is_over);
}

BOOST_AUTO_TEST_CASE(who_has_said_all_has_nothing_more_to_read) {
    boost::asio::io_context context{1};
    loopback_listener listener;
    client peer(listener.port());
    plain_stream stream(context, listener.accept());
    BOOST_TEST(!stream.has_ended());
    peer.send("last words");
    peer.finish_sending();
    std::array<char, 16> buffer;
    std::size_t got = 0;
    const auto end = deadline::clock::now() + 10s;
    while (got < 10 && deadline::clock::now() < end) {
        BOOST_TEST(!stream.has_ended());
        if (const auto more = stream.read_now(buffer)) got += *more;
    }
    while (!stream.has_ended() && deadline::clock::now() < end) std::this_thread::yield();
    BOOST_TEST(stream.has_ended());
    BOOST_TEST(!stream.has_left());
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_lets_nobody_begin) {
    deadline_list all;
    memory_stream early, late;
    deadline first(all, early, nullptr);
    all.abort_all();
    BOOST_TEST((first.passed() == deadline::reason::stopping));
    deadline second(all, late, nullptr);
    BOOST_TEST((second.passed() == deadline::reason::stopping));
    BOOST_TEST(late.is_writing_aborted());
}

BOOST_AUTO_TEST_CASE(nothing_is_aborted_after_its_deadline_has_gone) {
    deadline_list all;
    std::atomic<bool> is_done{false};
    std::thread sweeper([&] {
        while (!is_done) all.sweep(deadline::clock::now() + 1h);
    });
    for (int i = 0; i < 2'000; ++i) {
        auto stream = std::make_optional<memory_stream>();
        {
            deadline one(all, *stream, nullptr);
            one.set(deadline::clock::now());
        }
        stream.reset();  // under a sanitizer, a late abort would show
    }
    is_done = true;
    sweeper.join();
}

BOOST_AUTO_TEST_CASE(only_who_is_gone_in_both_directions_has_left) {
    boost::asio::io_context context{1};
    loopback_listener listener;
    {
        client peer(listener.port());
        plain_stream stream(context, listener.accept());
        BOOST_TEST(!stream.has_left());
        BOOST_TEST(stream.local().port == listener.port());
        BOOST_TEST(stream.local().ip.to_string() == "127.0.0.1");
        peer.finish_sending();  // curl and others do that, and read on
        std::array<char, 16> buffer;
        while (!stream.read_now(buffer)) std::this_thread::yield();  // the end has come
        BOOST_TEST(!stream.has_left());
        peer.reset();
        const auto end = deadline::clock::now() + 10s;
        while (!stream.has_left() && deadline::clock::now() < end) std::this_thread::yield();
        BOOST_TEST(stream.has_left());
    }
    client peer(listener.port());
    plain_stream stream(context, listener.accept());
    peer.send("more than nothing");  // unread bytes do not hide it
    peer.reset();
    const auto end = deadline::clock::now() + 10s;
    while (!stream.has_left() && deadline::clock::now() < end) std::this_thread::yield();
    BOOST_TEST(stream.has_left());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::net
