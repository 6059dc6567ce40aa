#include "limits/work_limit.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::limits {
namespace {

using namespace std::chrono_literals;

/// Requests by number; each keeps its permit until it is told to let go.
struct workers {
    workers(unsigned in_flight, unsigned queue) : limit(in_flight, queue, 5s, metrics) {}

    void ask(int number) { start(work(number)); }
    void ask_again(int number) { start(more_work(number)); }
    void start(task<> what) {
        boost::asio::co_spawn(context, std::move(what), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
        settle();
    }
    void let_go(std::size_t place) {
        permits[place].reset();
        settle();
    }
    void settle() {
        context.restart();
        context.poll();
    }
    task<> work(int number) {
        auto permit = co_await limit.acquire();
        if (!permit) {
            BOOST_TEST((permit.error() == errc::overloaded));
            refused.push_back(number);
            co_return;
        }
        granted.push_back(number);
        permits.emplace_back(std::move(*permit));
    }

    task<> more_work(int number) {
        auto permit = co_await limit.acquire_again();
        granted.push_back(number);
        permits.emplace_back(std::move(permit));
    }

    telemetry::metrics metrics{2};
    boost::asio::io_context context{1};
    work_limit limit;
    std::vector<int> granted, refused;
    std::vector<std::optional<work_limit::permit>> permits;
};

BOOST_AUTO_TEST_SUITE(work)

BOOST_AUTO_TEST_CASE(grants_in_the_order_of_arrival) {
    workers all(2, 3);
    for (int i = 1; i <= 5; ++i) all.ask(i);
    BOOST_TEST(all.granted == (std::vector{1, 2}), boost::test_tools::per_element());
    BOOST_TEST(all.limit.current().in_flight == 2u);
    BOOST_TEST(all.limit.current().queued == 3u);
    all.let_go(1);
    BOOST_TEST(all.granted == (std::vector{1, 2, 3}), boost::test_tools::per_element());
    all.let_go(0);
    all.let_go(2);
    BOOST_TEST(all.granted == (std::vector{1, 2, 3, 4, 5}), boost::test_tools::per_element());
    BOOST_TEST(all.limit.current().in_flight == 2u);
    BOOST_TEST(all.limit.current().queued == 0u);
    all.let_go(3);
    all.let_go(4);
    BOOST_TEST(all.limit.current().in_flight == 0u);
    all.ask(6);
    BOOST_TEST(all.granted.back() == 6);
}

BOOST_AUTO_TEST_CASE(who_has_had_a_permit_gets_the_next_one_and_is_never_sent_away) {
    workers all(1, 1);
    all.ask(1);
    all.ask(2);
    all.ask_again(3);
    all.ask_again(4);
    BOOST_TEST(all.limit.current().queued == 3u);
    all.limit.expire(work_limit::clock::now() + 1h);
    all.settle();
    BOOST_TEST(all.refused == (std::vector{2}), boost::test_tools::per_element());
    all.ask(5);
    for (std::size_t i = 0; i < 4; ++i) all.let_go(i);
    BOOST_TEST(all.granted == (std::vector{1, 3, 4, 5}), boost::test_tools::per_element());
    BOOST_TEST(all.limit.current().in_flight == 0u);
    BOOST_TEST(all.limit.current().queued == 0u);
    all.ask_again(6);
    BOOST_TEST(all.granted.back() == 6);
}

// Nobody overtakes those who wait, by whatever way they ask.
BOOST_AUTO_TEST_CASE(a_permit_at_once_is_not_given_past_who_has_had_one) {
    workers all(1, 1);
    all.ask(1);
    all.ask_again(2);
    BOOST_TEST(!all.limit.try_acquire().has_value());
    all.let_go(0);
    BOOST_TEST(all.granted.back() == 2);
    BOOST_TEST(!all.limit.try_acquire().has_value());
}

BOOST_AUTO_TEST_CASE(a_full_queue_sends_the_next_one_away_at_once) {
    workers all(1, 2);
    for (int i = 1; i <= 4; ++i) all.ask(i);
    BOOST_TEST(all.refused == (std::vector{4}), boost::test_tools::per_element());
    BOOST_TEST(all.metrics.totals().requests_shed == 1u);
    all.let_go(0);
    all.ask(5);
    BOOST_TEST(all.refused == (std::vector{4}), boost::test_tools::per_element());
    all.let_go(1);
    all.let_go(2);
    BOOST_TEST(all.granted == (std::vector{1, 2, 3, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_a_queue_nobody_waits) {
    workers all(1, 0);
    all.ask(1);
    all.ask(2);
    BOOST_TEST(all.refused == (std::vector{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_waits_too_long_is_sent_away) {
    workers all(1, 5);
    const auto begin = work_limit::clock::now();
    for (int i = 1; i <= 3; ++i) all.ask(i);
    all.limit.expire(begin + 4999ms);
    all.settle();
    BOOST_TEST(all.refused.empty());
    all.limit.expire(work_limit::clock::now() + 5s);
    all.settle();
    BOOST_TEST(all.refused == (std::vector{2, 3}), boost::test_tools::per_element());
    BOOST_TEST(all.limit.current().queued == 0u);
    BOOST_TEST(all.metrics.totals().requests_shed == 2u);
    BOOST_TEST(all.limit.current().in_flight == 1u);
    all.let_go(0);
    BOOST_TEST(all.limit.current().in_flight == 0u);  // the place does not go to one that has left
}

BOOST_AUTO_TEST_CASE(a_permit_at_once_or_none) {
    telemetry::metrics metrics(1);
    work_limit limit(2, 5, 5s, metrics);
    {
        auto first = limit.try_acquire();
        auto second = limit.try_acquire();
        BOOST_TEST(first.has_value());
        BOOST_TEST(second.has_value());
        BOOST_TEST(!limit.try_acquire());
        BOOST_TEST(limit.current().in_flight == 2u);
        second.reset();
        BOOST_TEST(limit.try_acquire().has_value());
    }
    BOOST_TEST(limit.current().in_flight == 0u);
    BOOST_TEST(metrics.totals().requests_shed == 0u);
}

BOOST_AUTO_TEST_CASE(who_waits_is_not_overtaken_by_who_does_not) {
    workers all(1, 5);
    all.ask(1);
    all.ask(2);
    BOOST_TEST(!all.limit.try_acquire());
}

task<> work_many_times(work_limit& limit, boost::asio::io_context& context, std::atomic<int>& inside,
                       std::atomic<int>& most, std::atomic<int>& granted) {
    for (int i = 0; i < 300; ++i) {
        auto permit = co_await limit.acquire();
        if (!permit) continue;
        ++granted;
        const int now = ++inside;
        for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        // Gives the thread away while the permit is held, so that others have to wait.
        co_await boost::asio::post(context.get_executor(), boost::asio::use_awaitable_t<executor>{});
        --inside;
    }
}

BOOST_AUTO_TEST_CASE(never_more_at_once_across_threads) {
    telemetry::metrics metrics(4);
    work_limit limit(3, 8, 1ms, metrics);
    boost::asio::io_context context;
    std::atomic<int> inside{0}, most{0}, granted{0}, ended{0};
    for (int i = 0; i < 16; ++i)
        boost::asio::co_spawn(context, work_many_times(limit, context, inside, most, granted),
                              [&ended](std::exception_ptr failure) { ended += !failure; });
    std::atomic<bool> is_done{false};
    std::thread sweeper([&] {
        while (!is_done) limit.expire(work_limit::clock::now());
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&context] { context.run_for(60s); });
    for (auto& one : threads) one.join();
    is_done = true;
    sweeper.join();
    BOOST_TEST(ended == 16);  // every waiter was woken, by a permit or by its time
    BOOST_TEST(most <= 3);
    BOOST_TEST(most > 1);
    BOOST_TEST(granted > 0);
    BOOST_TEST(limit.current().in_flight == 0u);
    BOOST_TEST(limit.current().queued == 0u);
}

BOOST_AUTO_TEST_CASE(says_before_that_it_would_refuse) {
    workers all(1, 1);
    BOOST_TEST(!all.limit.has_to_refuse());
    all.ask(1);
    BOOST_TEST(!all.limit.has_to_refuse());  // one may wait
    all.ask(2);
    BOOST_TEST(all.limit.has_to_refuse());
    all.ask(3);
    BOOST_TEST(all.refused == std::vector{3}, boost::test_tools::per_element());
    all.let_go(0);
    BOOST_TEST(!all.limit.has_to_refuse());
    workers none(1, 0);
    none.ask(1);
    BOOST_TEST(none.limit.has_to_refuse());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
