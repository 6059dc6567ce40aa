#include "limits/login_throttle.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::limits;
using namespace std::chrono_literals;

namespace {

using attempt = login_throttle::attempt;

BOOST_AUTO_TEST_SUITE(login_throttle_suite)

struct throttle_fixture {
    login_throttle throttle{{3, 1s, 8s, 60s, 4}};
    login_throttle::clock::time_point now = login_throttle::clock::now();
    const ip_address here = *ip_address::parse("192.0.2.1");

    /// How long a failed attempt, or the wait for one, makes the address pause.
    std::chrono::seconds fail(const ip_address& from, std::string_view user = "ann") {
        auto begun = throttle.begin(from, user, now);
        if (auto* mine = std::get_if<attempt>(&begun)) return mine->fail(now);
        return std::get<std::chrono::seconds>(begun);
    }
    bool may_begin(const ip_address& from) {
        return std::holds_alternative<attempt>(throttle.begin(from, "ann", now));
    }
};

BOOST_FIXTURE_TEST_CASE(the_pauses_begin_and_grow_to_the_longest, throttle_fixture) {
    BOOST_TEST(fail(here).count() == 0);
    BOOST_TEST(fail(here).count() == 0);
    for (const auto pause : {1, 2, 4, 8, 8, 8}) {
        BOOST_TEST(fail(here).count() == pause);
        BOOST_TEST(!may_begin(here));
        now += std::chrono::seconds(pause) - 1ms;
        BOOST_TEST(fail(here).count() == 1);  // what is left; not one more failure
        now += 1ms;
        BOOST_TEST(may_begin(here));
    }
}

BOOST_FIXTURE_TEST_CASE(a_success_takes_back_only_itself, throttle_fixture) {
    for (int i = 0; i < 3; ++i) (void)fail(here);
    for (int i = 0; i < 10; ++i) {
        now += 5s;
        BOOST_TEST(may_begin(here));  // ends as a success
    }
    BOOST_TEST(fail(here).count() == 2);
}

BOOST_FIXTURE_TEST_CASE(attempts_count_from_their_begin, throttle_fixture) {
    std::vector<attempt> under_way;
    for (int i = 0; i < 3; ++i) under_way.push_back(std::get<attempt>(throttle.begin(here, "ann", now)));
    BOOST_TEST(fail(here).count() == 1);
    under_way.pop_back();
    BOOST_TEST(may_begin(here));
    for (auto& one : under_way) (void)one.fail(now);
    under_way.clear();
    BOOST_TEST(fail(here).count() == 1);
    // From then on one at a time.
    now += 1s;
    const auto first = throttle.begin(here, "ann", now);
    BOOST_TEST(std::holds_alternative<attempt>(first));
    BOOST_TEST(!may_begin(here));
}

BOOST_FIXTURE_TEST_CASE(a_success_of_an_address_without_failures_leaves_nothing, throttle_fixture) {
    BOOST_TEST(may_begin(here));
    BOOST_TEST(throttle.size() == 0U);
}

BOOST_FIXTURE_TEST_CASE(other_addresses_do_not_wait, throttle_fixture) {
    const auto v6 = [](std::string_view text) { return *ip_address::parse(text); };
    for (int i = 0; i < 3; ++i) {
        (void)fail(here);
        (void)fail(v6("2001:db8::1"));
    }
    BOOST_TEST(may_begin(*ip_address::parse("192.0.2.2")));
    BOOST_TEST(may_begin(v6("2001:db8:0:1::1")));
    BOOST_TEST(!may_begin(v6("2001:db8::ffff:2")));  // of the same /64
    BOOST_TEST(!may_begin(v6("::ffff:192.0.2.1")));
}

BOOST_FIXTURE_TEST_CASE(who_was_verified_goes_on_unless_his_password_is_tried, throttle_fixture) {
    BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
        (void)fail(here, "ann");
    }
    BOOST_TEST(throttle.standing_of(here, "ann", now).pause->count() == 1);
    BOOST_TEST(!throttle.standing_of(here, "bob", now).pause);
    BOOST_TEST(!throttle.standing_of(*ip_address::parse("192.0.2.2"), "ann", now).pause);
    BOOST_TEST(!throttle.standing_of(here, "ann", now + 1s).pause);
    // Who tries many may have tried anybody.
    for (const auto* name : {"b", "c", "d", "e"}) {
        now += 10s;
        (void)fail(here, name);
    }
    BOOST_TEST(throttle.standing_of(here, "bob", now).pause.has_value());
}

// Else who keeps his address paused tells the right password of another by its not being refused.
BOOST_FIXTURE_TEST_CASE(a_refused_attempt_is_a_try, throttle_fixture) {
    for (int i = 0; i < 20; ++i) {
        now += 10s;
        (void)fail(here, "x");
    }
    BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
    BOOST_TEST(!may_begin(here));
    BOOST_TEST_REQUIRE(throttle.standing_of(here, "ann", now).pause.has_value());
    BOOST_TEST(throttle.standing_of(here, "ann", now).pause->count() == 8);
    BOOST_TEST(!throttle.standing_of(here, "bob", now).pause);
}

BOOST_FIXTURE_TEST_CASE(so_is_one_for_which_too_many_are_under_way, throttle_fixture) {
    std::vector<attempt> under_way;
    for (int i = 0; i < 3; ++i) under_way.push_back(std::get<attempt>(throttle.begin(here, "x", now)));
    BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
    BOOST_TEST(!may_begin(here));
    BOOST_TEST_REQUIRE(throttle.standing_of(here, "ann", now).pause.has_value());
    BOOST_TEST(throttle.standing_of(here, "ann", now).pause->count() == 1);
    BOOST_TEST(!throttle.standing_of(here, "bob", now).pause);
    under_way.pop_back();
    BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
}

// In an overload the right password of one who was verified would be told by its not being refused.
BOOST_FIXTURE_TEST_CASE(an_attempt_without_an_answer_is_a_try_that_does_not_count, throttle_fixture) {
    const auto leave = [&](std::string_view user) {
        std::get<attempt>(throttle.begin(here, user, now)).leave_unanswered(now);
    };
    BOOST_TEST(!throttle.standing_of(here, "ann", now).is_unanswered);
    for (int i = 0; i < 20; ++i) leave("ann");
    BOOST_TEST(throttle.standing_of(here, "ann", now).is_unanswered);
    BOOST_TEST(!throttle.standing_of(here, "bob", now).is_unanswered);
    BOOST_TEST(!throttle.standing_of(*ip_address::parse("192.0.2.2"), "ann", now).is_unanswered);
    BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
    BOOST_TEST(may_begin(here));  // and ends as a success, which takes nothing back
    BOOST_TEST(throttle.standing_of(here, "ann", now).is_unanswered);
    for (int i = 0; i < 2; ++i) BOOST_TEST(fail(here).count() == 0);
    BOOST_TEST(fail(here).count() == 1);
    now += 60s;
    BOOST_TEST(throttle.standing_of(here, "ann", now).is_unanswered);
    now += 1s;
    BOOST_TEST(!throttle.standing_of(here, "ann", now).is_unanswered);
    // Who tries many may have tried anybody.
    for (const auto* name : {"b", "c"}) leave(name);
    BOOST_TEST(!throttle.standing_of(here, "ann", now).is_unanswered);
    leave("d");
    BOOST_TEST(throttle.standing_of(here, "ann", now).is_unanswered);
}

BOOST_FIXTURE_TEST_CASE(failures_are_forgotten_in_time, throttle_fixture) {
    for (int i = 0; i < 3; ++i) (void)fail(here);
    now += 61s;
    BOOST_TEST(fail(here).count() == 0);
    BOOST_TEST(!throttle.standing_of(here, "ann", now).pause);
}

BOOST_FIXTURE_TEST_CASE(the_address_that_failed_longest_ago_gives_way, throttle_fixture) {
    const auto address = [](int i) { return *ip_address::parse("198.51.100." + std::to_string(i)); };
    for (int i = 0; i < 3; ++i) (void)fail(here);
    for (int i = 0; i < 3; ++i) (void)fail(address(i));
    BOOST_TEST(throttle.size() == 4U);
    BOOST_TEST(!may_begin(here));
    (void)fail(address(3));
    BOOST_TEST(throttle.size() == 4U);
    BOOST_TEST(may_begin(here));
    for (int i = 4; i < 200; ++i) (void)fail(address(i));
    BOOST_TEST(throttle.size() == 4U);
}

BOOST_FIXTURE_TEST_CASE(an_address_that_is_at_it_is_kept, throttle_fixture) {
    auto mine = throttle.begin(here, "ann", now);
    for (int i = 0; i < 20; ++i) (void)fail(*ip_address::parse("198.51.100." + std::to_string(i)));
    BOOST_TEST(std::get<attempt>(mine).fail(now).count() == 0);
    BOOST_TEST(throttle.size() == 4U);
}

BOOST_AUTO_TEST_CASE(many_threads_fail_and_succeed) {
    login_throttle throttle({1'000'000, 1s, 8s, 60s, 64});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&throttle, t] {
            const auto now = login_throttle::clock::now();
            for (int i = 0; i < 5'000; ++i) {
                const auto from =
                    *ip_address::parse("10.0." + std::to_string(i % 200) + "." + std::to_string(t % 2));
                auto begun = throttle.begin(from, "ann", now);
                if (auto* mine = std::get_if<attempt>(&begun); mine && i % 3 != 0) (void)mine->fail(now);
                (void)throttle.standing_of(from, "bob", now).pause;
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(throttle.size() <= 64U + 4U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
