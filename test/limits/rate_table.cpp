#include "limits/rate_table.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::limits {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(rate_tables)

using time_point = rate_table::time_point;
constexpr time_point start = time_point{} + 1h;

std::array<std::uint8_t, 16> key_of(std::uint64_t number) {
    std::array<std::uint8_t, 16> key{};
    std::memcpy(key.data(), &number, sizeof number);
    return key;
}

BOOST_AUTO_TEST_CASE(a_bucket_gives_what_it_holds_and_fills_again) {
    rate_table table(100);
    const auto id = table.id_of(0, key_of(1));
    for (int i = 1; i <= 5; ++i) {
        const auto taken = table.take(id, 100ms, 500ms, start);
        BOOST_TEST(taken.is_granted);
        BOOST_TEST((taken.until_full == i * 100ms));
    }
    auto taken = table.take(id, 100ms, 500ms, start);
    BOOST_TEST(!taken.is_granted);
    BOOST_TEST((taken.until_full == 500ms));  // a refusal takes nothing
    BOOST_TEST(!table.take(id, 100ms, 500ms, start + 100ms - 1ns).is_granted);
    BOOST_TEST(table.take(id, 100ms, 500ms, start + 100ms).is_granted);
    BOOST_TEST(!table.take(id, 100ms, 500ms, start + 100ms).is_granted);
    BOOST_TEST((table.until_full(id, start + 100ms) == 500ms));
    BOOST_TEST((table.until_full(id, start + 600ms) == 0ns));
    // A day later it is full, not fuller.
    for (int i = 0; i < 5; ++i) BOOST_TEST(table.take(id, 100ms, 500ms, start + 24h).is_granted);
    BOOST_TEST(!table.take(id, 100ms, 500ms, start + 24h).is_granted);
}

BOOST_AUTO_TEST_CASE(a_moment_that_lies_back_gives_nothing_away) {
    rate_table table(100);
    const auto id = table.id_of(0, key_of(1));
    BOOST_TEST(table.take(id, 100ms, 100ms, start).is_granted);
    // Threads read the clock before they wait for the lock.
    BOOST_TEST(!table.take(id, 100ms, 100ms, start - 1ms).is_granted);
    BOOST_TEST(!table.take(id, 100ms, 100ms, time_point{}).is_granted);
    BOOST_TEST(table.take(id, 100ms, 100ms, start + 100ms).is_granted);
}

BOOST_AUTO_TEST_CASE(keys_and_rules_have_buckets_of_their_own) {
    rate_table table(1000);
    std::set<bucket_id> ids;
    for (std::uint64_t rule = 0; rule < 4; ++rule)
        for (std::uint64_t key = 0; key < 100; ++key) {
            const auto id = table.id_of(rule, key_of(key));
            ids.insert(id);
            BOOST_TEST(table.take(id, 1s, 1s, start).is_granted);
            BOOST_TEST(!table.take(id, 1s, 1s, start).is_granted);
        }
    // Names of any length, also one that has the bytes of an address with zeros at its end.
    for (std::size_t length = 0; length < 40; ++length)
        ids.insert(table.id_of(0, std::vector<std::uint8_t>(length, 0)));
    BOOST_TEST(ids.size() == 400u + 39u);  // 16 zeros are key 0
    BOOST_TEST((table.id_of(0, key_of(1)) != rate_table(1000).id_of(0, key_of(1))));
}

BOOST_AUTO_TEST_CASE(debts_are_paid_back) {
    rate_table table(100);
    const auto id = table.id_of(0, key_of(1));
    table.charge(id, 10s, 1h, start);
    BOOST_TEST((table.until_full(id, start) == 10s));
    table.charge(id, 5s, 1h, start + 4s);
    BOOST_TEST((table.until_full(id, start + 4s) == 11s));
    table.charge(id, 10h, 1h, start + 4s);
    BOOST_TEST((table.until_full(id, start + 4s) == 1h));
    table.charge(id, 0s, 1h, start + 4s);
    BOOST_TEST((table.until_full(id, start + 4s) == 1h));
    BOOST_TEST((table.until_full(id, start + 4s + 1h) == 0ns));
}

// Eight keys have their places in a table of one set. The ninth takes that of the one that is nearest to
// full.
BOOST_AUTO_TEST_CASE(the_bucket_that_misses_least_gives_way) {
    rate_table table(1);
    BOOST_TEST(table.capacity() == 8u);
    std::vector<bucket_id> ids;
    for (std::uint64_t key = 0; key < 9; ++key) ids.push_back(table.id_of(0, key_of(key)));
    for (std::size_t i = 0; i < 8; ++i) table.charge(ids[i], (10 - i) * 1s, 1h, start);
    BOOST_TEST(table.forgiven() == 0u);
    table.charge(ids[8], 20s, 1h, start);
    BOOST_TEST(table.forgiven() == 1u);
    for (std::size_t i = 0; i < 7; ++i) BOOST_TEST((table.until_full(ids[i], start) == (10 - i) * 1s), i);
    BOOST_TEST((table.until_full(ids[7], start) == 0s));
    BOOST_TEST((table.until_full(ids[8], start) == 20s));
    // Places of full buckets are free: nobody is forgiven anything.
    for (std::uint64_t key = 100; key < 106; ++key)
        table.charge(table.id_of(0, key_of(key)), 1h, 1h, start + 9s);
    BOOST_TEST(table.forgiven() == 1u);
    BOOST_TEST((table.until_full(ids[8], start + 9s) == 11s));
    BOOST_TEST((table.until_full(ids[0], start + 9s) == 1s));
}

// One client has used up what he had; a crowd of other keys, ten times what the table is made for, comes by.
BOOST_AUTO_TEST_CASE(a_crowd_does_not_give_a_client_his_bucket_back) {
    rate_table table(1000);
    const auto id = table.id_of(0, key_of(0));
    while (table.take(id, 10s, 600s, start).is_granted) {
    }
    for (std::uint64_t key = 1; key <= 10'000; ++key)
        (void)table.take(table.id_of(0, key_of(key)), 10s, 600s, start);
    BOOST_TEST((table.until_full(id, start) == 600s));
    BOOST_TEST(!table.take(id, 10s, 600s, start).is_granted);
    BOOST_TEST(table.forgiven() > 5'000u);
}

BOOST_AUTO_TEST_CASE(as_many_keys_as_it_is_made_for_find_room) {
    constexpr std::uint64_t keys = 100'000;
    rate_table table(keys);
    for (std::uint64_t key = 0; key < keys; ++key)
        BOOST_TEST_REQUIRE(table.take(table.id_of(0, key_of(key)), 1s, 1s, start).is_granted);
    // Of 100,000 sets... a key in some thousands finds its set full.
    BOOST_TEST(table.forgiven() < keys / 1000);
    std::uint64_t refused = 0;
    for (std::uint64_t key = 0; key < keys; ++key)
        refused += !table.take(table.id_of(0, key_of(key)), 1s, 1s, start).is_granted;
    BOOST_TEST(refused > keys - keys / 500);
}

BOOST_AUTO_TEST_CASE(threads_together_get_no_more_than_one) {
    rate_table table(64);
    const auto shared = table.id_of(0, key_of(0));
    std::atomic<unsigned> granted{0};
    std::vector<std::thread> threads;
    for (std::uint64_t thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            for (std::uint64_t i = 0; i < 5'000; ++i) {
                granted += table.take(shared, 1s, 1000s, start).is_granted;
                // Others come and go around it.
                table.charge(table.id_of(1, key_of(thread * 10'000 + i)), 1ms, 1h, start);
                (void)table.until_full(shared, start);
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(granted.load() == 1000u);
    BOOST_TEST((table.until_full(shared, start) == 1000s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
