#include "limits/rate_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace fairlead::limits {
namespace {

using namespace std::chrono_literals;
using reason = rate_limit::reason;

BOOST_AUTO_TEST_SUITE(rate_limits)

constexpr rate_limit::time_point start = rate_limit::time_point{} + 1h;

ip_address at(std::string_view text) { return ip_address::parse(text).value(); }

std::uint64_t number(bucket_id id) { return static_cast<std::uint64_t>(id); }

BOOST_AUTO_TEST_CASE(an_ipv6_network_is_one_client) {
    rate_table table(100);
    const rate_limit limit(table, {{1, 1s}, 1, {0, 1s}}, 0);
    const auto id = [&](std::string_view text) { return limit.client_of(at(text)); };
    BOOST_TEST((id("192.0.2.7") == id("::ffff:192.0.2.7")));
    BOOST_TEST((id("192.0.2.7") != id("192.0.2.8")));
    BOOST_TEST((id("2001:db8:1:2::1") == id("2001:db8:1:2:ffff:ffff:ffff:ffff")));
    BOOST_TEST((id("2001:db8:1:2::1") != id("2001:db8:1:3::1")));
    BOOST_TEST((id("::1") != id("0.0.0.0")));
    BOOST_TEST((limit.client_of(std::string_view("ann")) != limit.client_of(std::string_view("bob"))));
    // A user whose name is the bytes of an address is not that address.
    const auto bytes = at("192.0.2.7").bytes();
    BOOST_TEST((limit.client_of({reinterpret_cast<const char*>(bytes.data()), 16}) != id("192.0.2.7")));
    const rate_limit other(table, {{1, 1s}, 1, {0, 1s}}, 1);
    BOOST_TEST((other.client_of(at("192.0.2.7")) != id("192.0.2.7")));
}

BOOST_AUTO_TEST_CASE(counts_requests) {
    rate_table table(100);
    const rate_limit limit(table, {{10, 1s}, 3, {0, 1s}}, 0);
    const auto client = limit.client_of(at("192.0.2.7"));
    for (const std::uint64_t left : {2, 1, 0}) {
        const auto verdict = limit.admit(client, start);
        BOOST_TEST((verdict.refused_by == reason::none));
        BOOST_TEST(verdict.requests.units == left);
        BOOST_TEST((verdict.requests.until_all == 1s));
    }
    auto verdict = limit.admit(client, start);
    BOOST_TEST((verdict.refused_by == reason::requests));
    BOOST_TEST((verdict.wait == 100ms));
    BOOST_TEST(verdict.requests.units == 0u);
    BOOST_TEST((limit.admit(client, start + 40ms).wait == 60ms));
    BOOST_TEST((limit.admit(client, start + 100ms).refused_by == reason::none));
    // Bytes are no matter here.
    limit.charge(number(client), 1'000'000'000, start + 100ms);
    BOOST_TEST((limit.admit(client, start + 200ms).refused_by == reason::none));
    BOOST_TEST((limit.admit(limit.client_of(at("192.0.2.8")), start).refused_by == reason::none));
}

BOOST_AUTO_TEST_CASE(room_is_what_is_left_or_the_time_to_a_tenth_of_a_second) {
    rate_table table(100);
    const struct {
        std::uint64_t rate, charged;
        std::uint64_t bytes;
        std::chrono::nanoseconds wait;
    } rows[] = {
        {1000, 0, 1000, 0s},
        {1000, 400, 600, 0s},
        {1000, 999, 1, 0s},
        {1000, 1000, 0, 100ms},   // 100 bytes are there then
        {1000, 3000, 0, 2100ms},  // and two seconds are made up for
        {2, 2, 0, 500ms},         // one byte takes longer than a tenth
        {0, 1'000'000, std::numeric_limits<std::uint64_t>::max(), 0s},
    };
    std::uint64_t each = 0;
    for (const auto& row : rows) {
        const rate_limit limit(table, {{0, 1s}, 1, {row.rate, 1s}}, each++);
        const auto client = number(limit.client_of(at("192.0.2.7")));
        limit.charge(client, row.charged, start);
        const auto room = limit.room_of(client, start);
        BOOST_TEST(room.bytes == row.bytes);
        BOOST_TEST(room.wait.count() == row.wait.count());
        if (row.wait > 0s)
            BOOST_TEST(limit.room_of(client, start + row.wait).bytes ==
                       std::max<std::uint64_t>(1, row.rate / 10));
    }
}

// What was admitted in a while, by a client who asks as often as he can, is the burst and the rate, exactly.
BOOST_AUTO_TEST_CASE(gives_the_rate_exactly) {
    const struct {
        http::rate rate;
        std::uint64_t burst;
        std::chrono::nanoseconds every, time;
        std::uint64_t admitted;
    } rows[] = {
        {{10, 1s}, 1, 7ms, 10s, 100},  // one at the begin; then each as soon as it may
        {{10, 1s}, 10, 10ms, 10s, 110},    {{3, 1s}, 3, 1ms, 100s, 302},
        {{600, 60s}, 600, 5ms, 60s, 1199}, {{1'000'000, 1s}, 1'000'000, 100ns, 10ms, 100'000},
        {{1, 24h}, 1, 1h, 48h, 2},         {{5, 1h}, 5, 1min, 2h, 14},
    };
    for (const auto& row : rows) {
        rate_table table(100);
        const rate_limit limit(table, {row.rate, row.burst, {0, 1s}}, 0);
        const auto client = limit.client_of(at("192.0.2.7"));
        std::uint64_t admitted = 0;
        for (auto now = start; now < start + row.time; now += row.every)
            admitted += limit.admit(client, now).refused_by == reason::none;
        const auto exact = row.burst + row.rate.units_in(row.time) - 1;
        BOOST_TEST(admitted <= exact + 1, row.rate.count << ": " << admitted);
        // What a request loses is the time until he asks again.
        BOOST_TEST(admitted + 1 >= row.admitted - row.admitted / 10, row.rate.count << ": " << admitted);
        BOOST_TEST(admitted <= row.admitted + 1, row.rate.count << ": " << admitted);
    }
}

BOOST_AUTO_TEST_CASE(retry_after_leads_to_an_admission) {
    for (const http::rate rate :
         {http::rate{10, 1s}, {3, 1s}, {7, 60s}, {1'000'000, 1s}, {1, 24h}, {999'983, 24h}}) {
        for (const std::uint64_t burst : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{300}}) {
            rate_table table(100);
            const rate_limit limit(table, {rate, burst, {0, 1s}}, 0);
            const auto client = limit.client_of(at("192.0.2.7"));
            std::uint64_t admitted = 0;
            while (limit.admit(client, start).refused_by == reason::none) ++admitted;
            BOOST_TEST(admitted == burst, rate.count);
            const auto wait = limit.admit(client, start).wait;
            BOOST_TEST((wait > 0ns));
            BOOST_TEST((limit.admit(client, start + wait - 1ns).refused_by == reason::requests));
            BOOST_TEST((limit.admit(client, start + wait).refused_by == reason::none), rate.count);
            BOOST_TEST((limit.admit(client, start + wait).refused_by == reason::requests));
        }
    }
}

BOOST_AUTO_TEST_CASE(bytes_may_leave_a_debt_that_has_to_be_paid) {
    rate_table table(100);
    const rate_limit limit(table, {{0, 1s}, 1, {1000, 1s}}, 0);
    const auto client = limit.client_of(at("192.0.2.7"));
    auto verdict = limit.admit(client, start);
    BOOST_TEST((verdict.refused_by == reason::none));
    BOOST_TEST(verdict.bytes.units == 1000u);
    limit.charge(number(client), 999, start);
    BOOST_TEST((limit.admit(client, start).refused_by == reason::none));
    BOOST_TEST(limit.admit(client, start).bytes.units == 1u);
    limit.charge(number(client), 10'001, start);
    verdict = limit.admit(client, start);
    BOOST_TEST((verdict.refused_by == reason::bytes));
    BOOST_TEST(verdict.bytes.units == 0u);
    BOOST_TEST((verdict.bytes.until_all == 11s));
    BOOST_TEST((verdict.wait == 10s + 1ns));
    BOOST_TEST((limit.admit(client, start + 10s).refused_by == reason::bytes));
    BOOST_TEST((limit.admit(client, start + verdict.wait).refused_by == reason::none));
    // The largest file that there can be.
    limit.charge(number(client), ~0ULL, start + 20s);
    BOOST_TEST((limit.admit(client, start + 20s).wait <= http::rate::longest));
}

BOOST_AUTO_TEST_CASE(who_is_in_debt_for_bytes_spends_no_request) {
    rate_table table(100);
    const rate_limit limit(table, {{5, 60s}, 5, {1000, 1s}}, 0);
    const auto client = limit.client_of(at("192.0.2.7"));
    BOOST_TEST(limit.admit(client, start).requests.units == 4u);
    limit.charge(number(client), 3000, start);
    for (int i = 0; i < 10; ++i) {
        const auto verdict = limit.admit(client, start);
        BOOST_TEST((verdict.refused_by == reason::bytes));
        BOOST_TEST(verdict.requests.units == 4u);
    }
    BOOST_TEST(limit.admit(client, start + 3s).requests.units == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
