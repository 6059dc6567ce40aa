#include "http/rate.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(rates)

BOOST_AUTO_TEST_CASE(reads_rates) {
    const struct {
        std::string_view text;
        std::uint64_t count;
        std::chrono::seconds period;
    } rows[] = {
        {"10/s", 10, 1s},
        {"600/m", 600, 1min},
        {"5/h", 5, 1h},
        {"1/24h", 1, 24h},
        {"100/10s", 100, 10s},
        {"1/1s", 1, 1s},
        {"1000000/s", 1'000'000, 1s},
        {"1/1440m", 1, 24h},
        {"1/86400s", 1, 24h},
        {"0010/01s", 10, 1s},
    };
    for (const auto& row : rows) {
        const auto parsed = parse_rate(row.text);
        BOOST_TEST_REQUIRE(parsed.has_value(), row.text);
        BOOST_TEST(parsed->count == row.count, row.text);
        BOOST_TEST((parsed->period == row.period), row.text);
    }
}

BOOST_AUTO_TEST_CASE(says_what_a_rate_is) {
    for (const auto text : {"",
                            "/",
                            "10",
                            "10/",
                            "/s",
                            "0/s",
                            "10/0s",
                            "1000001/s",
                            "10/d",
                            "10/ms",
                            "10/100ms",
                            "10/25h",
                            "1/1441m",
                            "1/86401s",
                            "-1/s",
                            "+1/s",
                            "1.5/s",
                            "10 /s",
                            "10/ s",
                            "10/s ",
                            " 10/s",
                            "10/s/s",
                            "10/S",
                            "ten/s",
                            "18446744073709551617/s",
                            "1/18446744073709551615h",
                            "1/99999999999999999999s",
                            "10s",
                            "10/1"}) {
        const auto parsed = parse_rate(text);
        BOOST_TEST_REQUIRE(parsed.has_error(), text);
        BOOST_TEST(parsed.error().find("such as 10/s") != std::string::npos, parsed.error());
        BOOST_TEST(parsed.error().starts_with("\"" + std::string(text) + "\""), parsed.error());
    }
}

BOOST_AUTO_TEST_CASE(computes_times_and_units_without_overflow) {
    const struct {
        rate allowed;
        std::uint64_t units;
        std::chrono::nanoseconds time;
    } rows[] = {
        {{10, 1s}, 0, 0ns},
        {{10, 1s}, 1, 100ms},
        {{10, 1s}, 25, 2500ms},
        {{3, 1s}, 1, 333'333'334ns},  // up, so that nobody is let in early
        {{3, 1s}, 3, 1s},
        {{1'000'000, 1s}, 1, 1us},
        {{1, 24h}, 1, 24h},
        {{1, 24h}, 366, rate::longest},
        {{1, 24h}, 367, rate::longest},
        {{1, 24h}, ~0ULL, rate::longest},
        {{1ULL << 40, 1s}, 1, 1ns},
        {{1ULL << 40, 1s}, 1ULL << 40, 1s},
        {{1 << 20, 1s}, 100ULL << 20, 100s},
    };
    for (const auto& row : rows)
        BOOST_TEST(
            (row.allowed.time_for(row.units) == row.time),
            row.units << " at " << row.allowed.count << ": " << row.allowed.time_for(row.units).count());
    BOOST_TEST((rate{10, 1s}.units_in(99'999'999ns)) == 0u);
    BOOST_TEST((rate{10, 1s}.units_in(100ms)) == 1u);
    BOOST_TEST((rate{3, 1s}.units_in(3 * 333'333'334ns)) == 3u);
    BOOST_TEST((rate{1ULL << 40, 1s}.units_in(rate::longest)) == (1ULL << 40) * 366 * 86400);
    BOOST_TEST((rate{1, 24h}.units_in(rate::longest)) == 366u);
}

BOOST_AUTO_TEST_CASE(writes_fields) {
    BOOST_TEST(policy_member("requests", {600, 1min}, false) == "\"requests\";q=600;w=60");
    BOOST_TEST(policy_member("bytes", {1 << 20, 1s}, true) == "\"bytes\";q=1048576;qu=\"content-bytes\";w=1");
    BOOST_TEST(left_member("requests", {599, 1s}) == "\"requests\";r=599;t=1");
}

BOOST_AUTO_TEST_CASE(rounds_waiting_up) {
    BOOST_TEST((seconds_to_wait(0ns) == 1s));
    BOOST_TEST((seconds_to_wait(1ns) == 1s));
    BOOST_TEST((seconds_to_wait(1s) == 1s));
    BOOST_TEST((seconds_to_wait(1s + 1ns) == 2s));
    BOOST_TEST((seconds_to_wait(24h) == 86400s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
