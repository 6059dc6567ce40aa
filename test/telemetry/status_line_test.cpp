#include "telemetry/status_line.hpp"

#include <boost/test/unit_test.hpp>

using namespace fairlead::telemetry;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(the_line_tells_the_numbers) {
    status_sample sample{12, 1024, 3, 512, 0, 12345, 7, 10s};
    BOOST_TEST(status_line(sample, false) ==
               "connections 12/1024, in flight 3/512, queue 0, 1234 requests/s, shed 7, normal");
    BOOST_TEST(
        status_line(sample, true) ==
        "connections 12/1024, in flight 3/512, queue 0, 1234 requests/s, shed 7, \x1b[32mnormal\x1b[0m");
    sample.connections = 1024;
    BOOST_TEST(status_line(sample, true).ends_with("shed 7, \x1b[31msaturated\x1b[0m"));
    sample.connections = 1000;
    BOOST_TEST(status_line(sample, true).ends_with("shed 7, \x1b[33mnear capacity\x1b[0m"));
}

BOOST_AUTO_TEST_CASE(no_limit_and_no_time_are_no_trouble) {
    BOOST_TEST(status_line(status_sample{.connections = 5, .requests = 3}, false) ==
               "connections 5, in flight 0, queue 0, 0 requests/s, shed 0, normal");
}

BOOST_AUTO_TEST_CASE(the_load_is_judged_at_its_borders) {
    struct row {
        std::uint64_t connections, limit, in_flight, in_flight_limit, queued;
        load expected;
    };
    const row rows[] = {
        {0, 100, 0, 50, 0, load::normal},         {89, 100, 44, 50, 0, load::normal},
        {90, 100, 0, 50, 0, load::near_capacity}, {99, 100, 0, 50, 0, load::near_capacity},
        {100, 100, 0, 50, 0, load::saturated},    {130, 100, 0, 50, 0, load::saturated},
        {0, 100, 45, 50, 0, load::near_capacity}, {0, 100, 50, 50, 0, load::near_capacity},
        {0, 100, 50, 50, 1, load::saturated},     {0, 100, 49, 50, 1, load::near_capacity},
        {460, 512, 0, 0, 0, load::normal},  // 90 % is 460.8
        {461, 512, 0, 0, 0, load::near_capacity}, {0, 1, 0, 1, 0, load::normal},
        {1000, 0, 1000, 0, 5, load::normal},
    };
    for (const row& each : rows) {
        const status_sample sample{
            each.connections, each.limit, each.in_flight, each.in_flight_limit, each.queued, 0, 0, 1s};
        BOOST_TEST_CONTEXT(status_line(sample, false)) { BOOST_TEST((judge(sample) == each.expected)); }
    }
}

BOOST_AUTO_TEST_SUITE_END()
