// Tunnels over real sockets, on two threads: bytes, ends, resets and limits.
#include "session/tunnel.hpp"

#include "limits/rate_limit.hpp"
#include "net/plain_stream.hpp"
#include "support/loopback.hpp"
#include "support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <thread>

namespace fairlead::session {

static std::ostream& operator<<(std::ostream& out, tunnel::end why) { return out << tunnel::text_of(why); }

namespace {

using namespace std::chrono_literals;
using test::client;

struct rules {
    std::chrono::milliseconds idle_timeout = 1min;
    std::chrono::milliseconds max_time = 0ms;
    std::uint64_t max_bytes = 0;
    unsigned pipes = 8;
    bool has_pipes = true;
    std::string head;
    std::string early;
    http::rate_account account;
};

/// A tunnel between two sockets of which the test holds the far ends.
class joined {
public:
    explicit joined(const rules& by = {}, int receive_buffer = 0)
        : user(listener_.port(), receive_buffer),
          client_stream_(context_, listener_.accept()),
          server(listener_.port(), receive_buffer),
          pipes(by.pipes),
          deadline_(watches, client_stream_) {
        std::signal(SIGPIPE, SIG_IGN);  // as the program does: splice() knows no MSG_NOSIGNAL
        way_.destination = std::make_unique<net::plain_stream>(context_, listener_.accept());
        way_.idle_timeout = by.idle_timeout;
        way_.max_time = by.max_time;
        way_.max_bytes = by.max_bytes;
        if (by.has_pipes) way_.pipes = &pipes;
        between_.emplace(client_stream_, way_, deadline_, is_draining, by.account);
        boost::asio::co_spawn(context_, between_->run(by.head, by.early),
                              [this](std::exception_ptr thrown, tunnel::report told) {
                                  has_thrown_ = thrown != nullptr;
                                  report_ = told;
                                  is_done_ = true;
                              });
        for (auto& one : threads_) one = std::thread([this] { context_.run_for(20s); });
    }
    ~joined() { join(); }

    /// What it says of its end.
    tunnel::report finish() {
        join();
        BOOST_TEST_REQUIRE(is_done_);
        BOOST_TEST(!has_thrown_);
        BOOST_TEST(pipes.lent() == 0u);
        return report_;
    }
    bool is_done() const noexcept { return is_done_; }
    /// Sweeps until the tunnel is done.
    void sweep_until_done() {
        const auto end = watch::clock::now() + 10s;
        while (!is_done_ && watch::clock::now() < end) {
            watches.sweep(watch::clock::now(), false);
            std::this_thread::sleep_for(5ms);
        }
    }

private:
    void join() {
        for (auto& one : threads_)
            if (one.joinable()) one.join();
    }

    test::loopback_listener listener_;
    boost::asio::io_context context_;

public:
    watch_list watches{{1min, 1min}};
    std::atomic<bool> is_draining{false};
    client user;

private:
    net::plain_stream client_stream_;

public:
    client server;
    net::splice_pipes pipes;

private:
    net::opened_tunnel way_;
    watch deadline_;
    std::optional<tunnel> between_;
    std::thread threads_[2];
    std::atomic<bool> is_done_{false};
    bool has_thrown_ = false;
    tunnel::report report_;
};

/// True when the next read says that the peer reset the connection.
bool sees_reset(client& end) {
    try {
        while (!end.receive_some().empty()) {
        }
        return false;
    } catch (const std::system_error& error) {
        return error.code().value() == ECONNRESET;
    }
}

std::string exactly(client& from, std::size_t size) {
    std::string all;
    while (all.size() < size) {
        const auto piece = from.receive_some(size - all.size());
        if (piece.empty()) break;
        all += piece;
    }
    return all;
}

BOOST_AUTO_TEST_SUITE(tunnels)

BOOST_AUTO_TEST_CASE(what_came_early_goes_first) {
    rules by;
    by.head = "HTTP/1.1 200 OK\r\n\r\n";
    by.early = "hello ";
    joined pair(by);
    BOOST_TEST(exactly(pair.user, by.head.size()) == by.head);
    pair.user.send("world");
    BOOST_TEST(exactly(pair.server, 11) == "hello world");
    pair.server.send("yes");
    BOOST_TEST(exactly(pair.user, 3) == "yes");
    pair.server.close();
    BOOST_TEST(pair.user.receive_all() == "");
    pair.user.close();
    const auto told = pair.finish();
    BOOST_TEST(told.why == tunnel::end::finished);
    BOOST_TEST(told.to_destination == 11u);
    BOOST_TEST(told.to_client == 3u);
}

BOOST_AUTO_TEST_CASE(one_end_of_it_may_end_before_the_other) {
    const auto bytes = test::varied_bytes(1 << 20);
    for (const bool user_first : {true, false}) {
        joined pair;
        auto& first = user_first ? pair.user : pair.server;
        auto& second = user_first ? pair.server : pair.user;
        first.send("question");
        first.finish_sending();
        BOOST_TEST(second.receive_all() == "question");  // with its end
        std::thread writer([&] {
            second.send(bytes);
            second.finish_sending();
        });
        const bool is_same = first.receive_all() == bytes;
        writer.join();
        BOOST_TEST(is_same);
        const auto told = pair.finish();
        BOOST_TEST(told.why == tunnel::end::finished);
        BOOST_TEST((user_first ? told.to_client : told.to_destination) == bytes.size());
        BOOST_TEST((user_first ? told.to_destination : told.to_client) == 8u);
    }
}

BOOST_AUTO_TEST_CASE(a_reset_is_passed_on_as_a_reset) {
    for (int i = 0; i < 40; ++i) {
        joined pair;
        const bool by_user = i % 2 == 0;
        auto& first = by_user ? pair.user : pair.server;
        auto& second = by_user ? pair.server : pair.user;
        second.send("x");
        BOOST_TEST(exactly(first, 1) == "x");
        if (i % 4 < 2) first.send("last words");
        first.reset();
        BOOST_TEST(sees_reset(second));
        BOOST_TEST(pair.finish().why == (by_user ? tunnel::end::by_client : tunnel::end::by_destination));
    }
}

BOOST_AUTO_TEST_CASE(much_goes_both_ways_at_once_whatever_way_it_takes) {
    struct {
        unsigned pipes;
        bool has_pipes;
        int receive_buffer;
    } const rows[] = {{8, true, 0}, {8, true, 16 * 1024}, {1, true, 0}, {0, true, 0}, {8, false, 16 * 1024}};
    const auto up = test::varied_bytes(24 << 20);
    const auto down = test::varied_bytes((16 << 20) + 12345);
    for (const auto& row : rows) {
        rules by;
        by.pipes = row.pipes;
        by.has_pipes = row.has_pipes;
        joined pair(by, row.receive_buffer);
        std::thread to_server([&] {
            pair.user.send(up);
            pair.user.finish_sending();
        });
        std::thread to_user([&] {
            pair.server.send(down);
            pair.server.finish_sending();
        });
        std::string at_user;
        std::thread user([&] { at_user = pair.user.receive_all(); });
        const auto at_server = pair.server.receive_all();
        user.join();
        to_server.join();
        to_user.join();
        const bool is_same = at_user == down && at_server == up;
        BOOST_TEST(is_same);
        const auto told = pair.finish();
        BOOST_TEST(told.why == tunnel::end::finished);
        BOOST_TEST(told.to_client == down.size());
        BOOST_TEST(told.to_destination == up.size());
    }
}

BOOST_AUTO_TEST_CASE(who_is_silent_for_too_long_is_cut) {
    rules by;
    by.idle_timeout = 150ms;
    joined pair(by);
    for (int i = 0; i < 5; ++i) {  // longer than the limit in all, but never silent for so long
        std::this_thread::sleep_for(50ms);
        pair.watches.sweep(watch::clock::now(), false);
        (i % 2 == 0 ? pair.user : pair.server).send("x");
        (void)exactly(i % 2 == 0 ? pair.server : pair.user, 1);
    }
    BOOST_TEST(!pair.is_done());
    pair.sweep_until_done();
    BOOST_TEST(sees_reset(pair.user));
    BOOST_TEST(sees_reset(pair.server));
    BOOST_TEST(pair.finish().why == tunnel::end::idle);
}

BOOST_AUTO_TEST_CASE(who_takes_nothing_is_cut_though_both_directions_wait_for_it) {
    rules by;
    by.idle_timeout = 300ms;
    joined pair(by, 4096);
    std::thread writer([&] {
        try {
            const std::string bytes(1 << 20, 'x');
            for (int i = 0; i < 64; ++i) pair.user.send(bytes);  // the server reads none of it
        } catch (const std::system_error&) {
        }
    });
    pair.sweep_until_done();
    BOOST_TEST(sees_reset(pair.server));
    writer.join();
    BOOST_TEST(pair.finish().why == tunnel::end::idle);
}

BOOST_AUTO_TEST_CASE(life_is_limited_however_busy_it_is) {
    rules by;
    by.max_time = 200ms;
    joined pair(by);
    std::thread reader([&] { (void)sees_reset(pair.server); });
    std::thread sweeper([&] { pair.sweep_until_done(); });
    try {
        for (int i = 0; i < 2000; ++i) {
            pair.user.send("x");
            std::this_thread::sleep_for(5ms);
        }
        BOOST_ERROR("it was never cut");
    } catch (const std::system_error&) {
    }
    reader.join();
    sweeper.join();
    BOOST_TEST(pair.finish().why == tunnel::end::too_long);
}

BOOST_AUTO_TEST_CASE(bytes_are_limited_to_the_last_one) {
    for (const bool bulk : {false, true}) {
        const std::size_t size = bulk ? 1'000'000 : 100;
        rules by;
        by.max_bytes = size;
        by.head = "head";  // is not counted
        joined pair(by);
        const std::string bytes(size, 'x');
        std::thread writer([&] {
            try {
                pair.user.send(bytes + "more");
            } catch (const std::system_error&) {
            }
        });
        std::size_t got = 0;
        try {
            for (auto piece = pair.server.receive_some(); !piece.empty(); piece = pair.server.receive_some())
                got += piece.size();
        } catch (const std::system_error&) {
        }
        writer.join();
        BOOST_TEST(got <= size);
        const auto told = pair.finish();
        BOOST_TEST(told.why == tunnel::end::too_much);
        BOOST_TEST(told.to_destination == size);
        BOOST_TEST(told.to_client == 0u);
    }
}

/// A rate of bytes, and the account of one client.
struct rated {
    explicit rated(std::uint64_t bytes_a_second) : limit(table, {{0, 1s}, 1, {bytes_a_second, 1s}}, 0) {
        account.client = static_cast<std::uint64_t>(limit.client_of(std::string_view("ann")));
        account.meter = &limit;
    }

    limits::rate_table table{100};
    limits::rate_limit limit;
    http::rate_account account;
};

BOOST_AUTO_TEST_CASE(a_rate_of_bytes_slows_both_ways_down) {
    struct {
        bool has_pipes, is_up;
    } const rows[] = {{true, true}, {true, false}, {false, true}, {false, false}};
    for (const auto& row : rows) {
        constexpr std::size_t rate = 1'000'000;
        rated ann(rate);
        rules by;
        by.has_pipes = row.has_pipes;
        by.account = ann.account;
        by.head = std::string(100, 'h');  // is not charged
        joined pair(by);
        BOOST_TEST(exactly(pair.user, 100).size() == 100u);
        auto& from = row.is_up ? pair.user : pair.server;
        auto& to = row.is_up ? pair.server : pair.user;
        const auto begin = watch::clock::now();
        const auto bytes = test::varied_bytes(rate * 8 / 5);  // a second's worth goes at once
        std::thread writer([&] {
            from.send(bytes);
            from.finish_sending();
        });
        const bool is_same = to.receive_all() == bytes;
        BOOST_TEST(is_same);
        const auto took = watch::clock::now() - begin;
        BOOST_TEST((took >= 500ms));
        BOOST_TEST((took < 5s));
        writer.join();
        to.close();
        BOOST_TEST(pair.finish().why == tunnel::end::finished);
    }
}

BOOST_AUTO_TEST_CASE(bytes_are_charged_while_they_go) {
    rated ann(1000);
    rules by;
    by.account = ann.account;
    joined pair(by);
    pair.user.send(std::string(600, 'x'));
    BOOST_TEST(exactly(pair.server, 600).size() == 600u);
    pair.server.send(std::string(300, 'x'));
    BOOST_TEST(exactly(pair.user, 300).size() == 300u);
    const auto end = watch::clock::now() + 5s;
    while (ann.limit.room_of(ann.account.client, watch::clock::now()).bytes > 500 &&
           watch::clock::now() < end)
        std::this_thread::yield();
    BOOST_TEST(!pair.is_done());
    BOOST_TEST(ann.limit.room_of(ann.account.client, watch::clock::now()).bytes < 1000u);
    pair.user.close();
    pair.server.close();
    (void)pair.finish();
}

BOOST_AUTO_TEST_CASE(who_is_too_far_ahead_is_cut_when_nothing_could_move_for_the_idle_time) {
    rated ann(1000);
    ann.limit.charge(ann.account.client, 1'000'000, watch::clock::now());
    rules by;
    by.idle_timeout = 300ms;
    by.account = ann.account;
    joined pair(by);
    pair.user.send("x");
    pair.sweep_until_done();
    BOOST_TEST(sees_reset(pair.user));
    BOOST_TEST(sees_reset(pair.server));
    BOOST_TEST(pair.finish().why == tunnel::end::ahead);
}

BOOST_AUTO_TEST_CASE(whoever_leaves_while_the_other_side_has_to_wait_is_noticed) {
    rated ann(1000);
    ann.limit.charge(ann.account.client, 1'000'000, watch::clock::now());
    rules by;
    by.account = ann.account;
    joined pair(by);
    pair.user.send("x");
    std::this_thread::sleep_for(50ms);
    pair.server.reset();
    BOOST_TEST(sees_reset(pair.user));
    BOOST_TEST(pair.finish().why == tunnel::end::by_destination);
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_cuts_what_is_left) {
    joined pair;
    pair.user.send("x");
    BOOST_TEST(exactly(pair.server, 1) == "x");
    pair.is_draining = true;
    pair.watches.begin_drain();
    pair.user.send("y");  // what runs may go on
    BOOST_TEST(exactly(pair.server, 1) == "y");
    BOOST_TEST(pair.watches.at_work() == 1u);
    pair.watches.abort_all();
    BOOST_TEST(sees_reset(pair.user));
    BOOST_TEST(sees_reset(pair.server));
    BOOST_TEST(pair.finish().why == tunnel::end::stopped);
}

BOOST_AUTO_TEST_CASE(ends_may_meet_in_any_order) {
    const std::string bytes(200'000, 'x');
    for (int i = 0; i < 150; ++i) {
        rules by;
        by.idle_timeout = i % 5 == 4 ? 2ms : 60000ms;
        joined pair(by);
        std::thread other([&] {
            try {
                if (i % 2 == 0) pair.server.send(bytes);
                if (i % 3 == 0) pair.server.reset();
                if (i % 3 == 1) pair.server.close();
                if (i % 3 == 2) pair.server.finish_sending();
            } catch (const std::system_error&) {
            }
        });
        try {
            if (i % 4 < 2) pair.user.send(bytes);
            if (i % 7 == 0) pair.user.reset();
            if (i % 7 != 0) pair.user.finish_sending();
            if (i % 7 > 3) (void)pair.user.receive_all();
        } catch (const std::system_error&) {
        }
        other.join();
        if (i % 3 != 0) pair.user.close();
        if (i % 3 == 2) pair.server.close();
        if (i % 5 == 4) pair.sweep_until_done();
        (void)pair.finish();
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
