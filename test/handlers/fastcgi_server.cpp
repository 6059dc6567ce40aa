#include "handlers/fastcgi_server.hpp"

#include "handlers/fastcgi_servers.hpp"
#include "support/loopback.hpp"
#include "support/run_task.hpp"
#include "support/sweeping.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::handlers {
namespace {

using namespace std::chrono_literals;
using clock = fastcgi_server::clock;
using test::client;
using test::loopback_listener;

/// Connections with both ends at hand.
struct pairs {
    std::unique_ptr<net::plain_stream> make() {
        peers.push_back(std::make_unique<client>(listener.port()));
        return std::make_unique<net::plain_stream>(context, listener.accept());
    }
    boost::asio::io_context context;
    loopback_listener listener;
    std::vector<std::unique_ptr<client>> peers;
};

BOOST_AUTO_TEST_SUITE(fastcgi_server_)

BOOST_AUTO_TEST_CASE(the_newest_connection_is_used_again_first) {
    pairs all;
    fastcgi_server server("127.0.0.1:9000");
    const auto now = clock::now();
    auto one = all.make();
    auto two = all.make();
    const auto* first = one.get();
    const auto* second = two.get();
    server.keep(std::move(one), 8, now);
    server.keep(std::move(two), 8, now);
    auto taken = server.take_kept(false, now);
    BOOST_TEST(taken.get() == second);
    auto other = server.take_kept(false, now);
    BOOST_TEST(other.get() == first);
    BOOST_TEST(!server.take_kept(false, now));
}

BOOST_AUTO_TEST_CASE(the_oldest_goes_when_there_are_too_many_or_nobody_needs_it) {
    pairs all;
    fastcgi_server server("127.0.0.1:9000");
    const auto now = clock::now();
    for (int i = 0; i < 3; ++i) server.keep(all.make(), 2, now + i * 1s);
    BOOST_TEST(server.kept() == 2u);
    BOOST_TEST(all.peers[0]->receive_all() == "");  // closed
    server.let_go_unused(now + 1s + fastcgi_server::kept_for - 1ms);
    BOOST_TEST(server.kept() == 2u);
    server.let_go_unused(now + 1s + fastcgi_server::kept_for);
    BOOST_TEST(server.kept() == 1u);
    BOOST_TEST(all.peers[1]->receive_all() == "");
    server.let_go_unused(now + 1h);
    BOOST_TEST(server.kept() == 0u);
}

BOOST_AUTO_TEST_CASE(what_can_be_sent_once_gets_a_connection_that_is_open_and_has_settled) {
    pairs all;
    fastcgi_server server("127.0.0.1:9000");
    const auto now = clock::now();
    const auto later = now + fastcgi_server::settles_within;
    server.keep(all.make(), 8, now);
    BOOST_TEST(!server.take_kept(true, later - 1ms));  // it may be about to be closed
    BOOST_TEST(server.kept() == 0u);                   // and its process is free for the one in its place

    server.keep(all.make(), 8, now);
    server.keep(all.make(), 8, now);
    server.keep(all.make(), 8, now);
    all.peers[3]->close();
    all.peers[2]->send("unasked");
    BOOST_TEST(server.take_kept(true, later) != nullptr);  // the one that is left
    BOOST_TEST(server.kept() == 0u);
}

BOOST_AUTO_TEST_CASE(who_is_in_the_listen_queue_is_told_by_who_was_answered) {
    unanswered_connections all;
    const clock::time_point start{1h};
    BOOST_TEST(!all.queued_since());
    BOOST_TEST(!all.unanswered_since());
    const auto one = all.began(start);
    const auto two = all.began(start + 1s);
    const auto three = all.began(start + 2s);
    const auto four = all.began(start + 3s);
    BOOST_TEST((all.queued_since() == start));
    all.answered(two);  // so `one` has been accepted
    BOOST_TEST((all.queued_since() == start + 2s));
    BOOST_TEST((all.unanswered_since() == start));
    all.ended(three);
    BOOST_TEST((all.queued_since() == start + 3s));
    all.answered(one);  // which is older than what is known
    BOOST_TEST((all.queued_since() == start + 3s));
    BOOST_TEST((all.unanswered_since() == start + 3s));
    all.answered(four);
    BOOST_TEST(!all.queued_since());
    BOOST_TEST(!all.unanswered_since());
    (void)all.began(start + 4s);
    BOOST_TEST((all.queued_since() == start + 4s));
}

BOOST_AUTO_TEST_CASE(connections_make_room_for_one_in_the_listen_queue) {
    pairs all;
    fastcgi_server server("127.0.0.1:9000");
    const auto before = clock::now();
    const fastcgi_server::unanswered waiting(server);
    server.keep(all.make(), 8, before);
    server.let_go_unused(before);
    BOOST_TEST(server.kept() == 1u);  // its answer may come yet
    const auto late = clock::now() + fastcgi_server::queues_after;
    server.let_go_unused(late);
    BOOST_TEST(server.kept() == 0u);
    BOOST_TEST(all.peers[0]->receive_all() == "");
    for (int i = 1; i < 3; ++i) {
        server.keep(all.make(), 8, late);
        BOOST_TEST(all.peers[i]->receive_all() == "");
    }
    BOOST_TEST(server.kept() == 0u);
}

BOOST_AUTO_TEST_CASE(connections_are_kept_beside_a_slow_script) {
    pairs all;
    fastcgi_server server("127.0.0.1:9000");
    const fastcgi_server::unanswered slow(server);
    fastcgi_server::unanswered other(server);
    other.got_answer();
    const auto late = clock::now() + fastcgi_server::queues_after;
    server.keep(all.make(), 8, late);  // it may be queued all the same
    BOOST_TEST(server.kept() == 0u);
    server.keep(all.make(), 8, late);
    server.keep(all.make(), 8, late);
    BOOST_TEST(server.kept() == 2u);
    server.let_go_unused(late + fastcgi_server::room_interval - 1ms);
    BOOST_TEST(server.kept() == 2u);
    server.keep(all.make(), 8, late + fastcgi_server::room_interval);
    BOOST_TEST(server.kept() == 2u);
    server.let_go_unused(late + fastcgi_server::room_interval);  // nobody uses them
    BOOST_TEST(server.kept() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_makes_room_for_what_was_closed_or_answered) {
    pairs all;
    fastcgi_server server("127.0.0.1:9000");
    fastcgi_server::unanswered one(server);
    one = {};
    fastcgi_server::unanswered two(server);
    auto three = std::move(two);
    three.got_answer();
    server.keep(all.make(), 8, clock::now() + 1s);
    BOOST_TEST(server.kept() == 1u);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_gone_is_left_out_for_longer_each_time) {
    fastcgi_server server("unix:/nowhere");
    auto now = clock::now();
    BOOST_TEST(!server.is_left_out(now));
    for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        BOOST_TEST((server.was_not_reached(now) == expected));
        BOOST_TEST((server.was_not_reached(now) == expected));  // of two at once, one counts
        BOOST_TEST(server.is_left_out(now + expected - 1ms));
        now += expected;
        BOOST_TEST(!server.is_left_out(now));
    }
    server.was_reached();
    BOOST_TEST((server.was_not_reached(now) == 1s));
}

BOOST_AUTO_TEST_CASE(names_are_looked_up) {
    fastcgi_server local("localhost:9000");
    BOOST_TEST(local.addresses().empty());
    BOOST_TEST(local.look_up());
    BOOST_TEST(!local.addresses().empty());
    fastcgi_server v6("[::1]:9000");
    BOOST_TEST(v6.look_up());
    BOOST_TEST_REQUIRE(v6.addresses().size() == 1u);
    BOOST_TEST(v6.addresses().front().family() == AF_INET6);
    fastcgi_server v4("127.0.0.1:9000");
    BOOST_TEST(v4.look_up());
    BOOST_TEST_REQUIRE(v4.addresses().size() == 1u);
    BOOST_TEST(v4.addresses().front().family() == AF_INET);
    fastcgi_server socket("unix:/run/app.sock");
    BOOST_TEST(socket.addresses().size() == 1u);
}

/// Two servers, of which the first is not there.
struct group {
    explicit group(std::uint16_t port, unsigned connections = 2)
        : there(std::make_shared<fastcgi_server>("127.0.0.1:" + std::to_string(port))),
          gone(std::make_shared<fastcgi_server>("unix:/nowhere/at/all")) {
        (void)there->look_up();
        fastcgi_servers_options options;
        options.connections = connections;
        options.queue = 0;
        servers = std::make_unique<fastcgi_servers>(std::vector{gone, there}, options, deadlines.list,
                                                    metrics, log);
    }
    fastcgi_connection take(fastcgi_servers::kind wanted) {
        auto taken = test::run_task(context, servers->take(wanted));
        if (auto* refusal = std::get_if<http::problem>(&taken)) {
            refused = static_cast<unsigned>(refusal->status);
            detail = refusal->log_detail;
            return {};
        }
        return std::get<fastcgi_connection>(std::move(taken));
    }

    std::vector<std::string> lines;
    telemetry::log log{lines};
    telemetry::metrics metrics{1};
    test::swept_deadlines deadlines;
    boost::asio::io_context context{1};
    std::shared_ptr<fastcgi_server> there, gone;
    std::unique_ptr<fastcgi_servers> servers;
    unsigned refused = 0;
    std::string detail;
};

BOOST_AUTO_TEST_CASE(the_next_server_is_taken_and_places_are_counted) {
    using kind = fastcgi_servers::kind;
    loopback_listener listener;
    group all(listener.port());
    fastcgi_connection first, second;
    BOOST_TEST(!all.servers->take_kept(kind::any, first));
    first = all.take(kind::any);
    second = all.take(kind::any);
    BOOST_TEST(first.server == all.there.get());
    BOOST_TEST(first.is_fresh);
    BOOST_TEST(second.server == all.there.get());
    const auto now = clock::now();
    BOOST_TEST(all.gone->is_left_out(now));
    BOOST_TEST(!all.there->is_left_out(now));
    (void)all.take(kind::any);
    BOOST_TEST(all.refused == 503u);  // both places are taken, and there is no queue

    first.unanswered.got_answer();
    all.servers->give_back(std::move(first));
    BOOST_TEST(!all.servers->take_kept(kind::any, first));  // of several servers it is the turn of one
    first = all.take(kind::any);
    BOOST_TEST(!first.is_fresh);
    all.servers->give_back(std::move(first));
    const auto fresh = all.take(kind::fresh);
    BOOST_TEST(fresh.is_fresh);
    BOOST_TEST(all.there->kept() == 1u);
}

BOOST_AUTO_TEST_CASE(what_nothing_came_over_yet_is_not_kept) {
    // It may lie in the listen queue, and whoever got it next would wait there unseen.
    loopback_listener listener;
    group all(listener.port(), 1);
    auto taken = all.take(fastcgi_servers::kind::any);
    BOOST_TEST_REQUIRE(taken.server == all.there.get());
    all.servers->give_back(std::move(taken));
    BOOST_TEST(all.there->kept() == 0u);
    taken = all.take(fastcgi_servers::kind::any);  // the place is free
    BOOST_TEST(taken.server == all.there.get());
}

BOOST_AUTO_TEST_CASE(a_server_that_closes_new_connections_is_left_out) {
    loopback_listener listener;
    group all(listener.port());
    BOOST_TEST(all.servers->count() == 2u);
    auto taken = all.take(fastcgi_servers::kind::any);
    BOOST_TEST_REQUIRE(taken.server == all.there.get());
    all.servers->was_lost(*taken.server);
    taken = {};
    BOOST_TEST(all.there->is_left_out(clock::now()));
    BOOST_TEST_REQUIRE(!all.lines.empty());
    BOOST_TEST(
        all.lines.back().find("has closed a new connection without an answer; it is left out for 1 s") !=
        std::string::npos);
    // All are left out now, so all are tried; one that takes a connection is back.
    taken = all.take(fastcgi_servers::kind::fresh);
    BOOST_TEST(taken.server == all.there.get());
    BOOST_TEST(!all.there->is_left_out(clock::now()));
}

BOOST_AUTO_TEST_CASE(nobody_there_is_502_and_names_them_all) {
    std::uint16_t port = 0;
    {
        port = loopback_listener().port();
    }
    group all(port);
    for (int i = 0; i < 2; ++i) {  // also when all are left out: they are tried, not given up
        (void)all.take(fastcgi_servers::kind::any);
        BOOST_TEST(all.refused == 502u);
        BOOST_TEST(all.detail.find("unix:/nowhere/at/all: ") != std::string::npos);
        BOOST_TEST(all.detail.find("127.0.0.1:" + std::to_string(port) + ": Connection refused") !=
                   std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
