#include "telemetry/timestamp.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace fairlead::telemetry;
using namespace std::chrono_literals;
using clock_type = std::chrono::system_clock;

namespace {

std::string rendered(void (*append_time)(line_buffer&, clock_type::time_point),
                     std::chrono::nanoseconds since_1970) {
    line_buffer out;
    append_time(out, clock_type::time_point(since_1970));
    return fmt::to_string(out);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timestamp)

BOOST_AUTO_TEST_CASE(times_are_utc_in_three_forms) {
    struct row {
        std::chrono::nanoseconds since_1970;
        std::string iso, common, seconds;
    };
    // The same second twice and a second back: the text kept from the call before must not be taken for
    // another.
    const row rows[] = {
        {0ns, "1970-01-01T00:00:00.000Z", "01/Jan/1970:00:00:00 +0000", "0.000000"},
        {1'767'323'045'678'901'234ns, "2026-01-02T03:04:05.678Z", "02/Jan/2026:03:04:05 +0000",
         "1767323045.678901"},
        {1'767'323'045'999'999'999ns, "2026-01-02T03:04:05.999Z", "02/Jan/2026:03:04:05 +0000",
         "1767323045.999999"},
        {1'767'323'044'000'000'000ns, "2026-01-02T03:04:04.000Z", "02/Jan/2026:03:04:04 +0000",
         "1767323044.000000"},
        {951'782'399'001'000'000ns, "2000-02-28T23:59:59.001Z", "28/Feb/2000:23:59:59 +0000",
         "951782399.001000"},
        {951'782'400s, "2000-02-29T00:00:00.000Z", "29/Feb/2000:00:00:00 +0000", "951782400.000000"},
        {1'798'761'599s, "2026-12-31T23:59:59.000Z", "31/Dec/2026:23:59:59 +0000", "1798761599.000000"},
    };
    for (const row& each : rows) {
        BOOST_TEST(rendered(append_iso_time, each.since_1970) == each.iso);
        BOOST_TEST(rendered(append_common_time, each.since_1970) == each.common);
        BOOST_TEST(rendered(append_unix_time, each.since_1970) == each.seconds);
    }
}

BOOST_AUTO_TEST_CASE(durations_are_rounded_down_and_never_negative) {
    const std::pair<std::chrono::nanoseconds, std::string> rows[] = {
        {0ns, "0.000000"}, {999ns, "0.000000"},       {1us, "0.000001"},
        {-5s, "0.000000"}, {1'234'567us, "1.234567"}, {3600s, "3600.000000"},
    };
    for (const auto& [duration, text] : rows) {
        line_buffer out;
        append_seconds(out, duration);
        BOOST_TEST(fmt::to_string(out) == text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
