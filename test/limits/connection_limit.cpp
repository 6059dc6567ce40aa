#include "limits/connection_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace fairlead::limits {
namespace {

BOOST_AUTO_TEST_SUITE(connections)

BOOST_AUTO_TEST_CASE(admits_then_sheds_then_refuses) {
    connection_limit limit(2, 3);
    std::vector<connection_limit::slot> held;
    const admission expected[] = {admission::admitted, admission::admitted, admission::shed,
                                  admission::refused, admission::refused};
    for (const auto one : expected) {
        held.push_back(limit.enter());
        BOOST_TEST((held.back().verdict() == one));
    }
    BOOST_TEST(limit.active() == 3u);  // the refused ones are not counted
    held.pop_back();
    BOOST_TEST(limit.active() == 3u);
    held.erase(held.begin());
    BOOST_TEST(limit.active() == 2u);
    BOOST_TEST((limit.enter().verdict() == admission::shed));
    held.clear();
    BOOST_TEST(limit.active() == 0u);
    BOOST_TEST((limit.enter().verdict() == admission::admitted));
}

BOOST_AUTO_TEST_CASE(a_slot_that_moves_is_given_back_once) {
    connection_limit limit(4, 4);
    {
        auto first = limit.enter();
        auto second = std::move(first);
        connection_limit::slot third;
        third = std::move(second);
        BOOST_TEST(limit.active() == 1u);
        BOOST_TEST((third.verdict() == admission::admitted));
    }
    BOOST_TEST(limit.active() == 0u);
}

BOOST_AUTO_TEST_CASE(pressure_begins_at_ninety_percent) {
    struct {
        unsigned soft, hard, pressed_from, nearly_full_from;
    } const rows[] = {{100, 120, 90, 118}, {10, 20, 9, 19}, {5, 5, 5, 5}, {1, 2, 1, 2}};
    for (const auto& row : rows) {
        connection_limit limit(row.soft, row.hard);
        std::vector<connection_limit::slot> held;
        for (unsigned active = 0; active <= row.hard; ++active) {
            BOOST_TEST_CONTEXT(row.soft << "/" << row.hard << " with " << active) {
                BOOST_TEST(limit.is_pressed() == (active >= row.pressed_from));
                BOOST_TEST(limit.is_nearly_full() == (active >= row.nearly_full_from));
            }
            held.push_back(limit.enter());
        }
    }
}

BOOST_AUTO_TEST_CASE(counts_across_threads) {
    connection_limit limit(2, 3);
    std::atomic<unsigned> inside{0}, most{0}, refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int j = 0; j < 5000; ++j) {
                const auto slot = limit.enter();
                if (slot.verdict() == admission::refused) {
                    ++refused;
                    continue;
                }
                const auto now = ++inside;
                for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
                }
                --inside;
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(most <= 3u);
    BOOST_TEST(limit.active() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
