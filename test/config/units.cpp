#include "config/units.hpp"

#include "config/endpoint.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(sizes_take_k_m_g) {
    const std::pair<std::string_view, std::uint64_t> good[] = {
        {"0", 0},
        {"512", 512},
        {"8k", 8192},
        {"8K", 8192},
        {"1m", 1 << 20},
        {"3g", 3ULL << 30},
        {"1024k", 1 << 20},
        {"18446744073709551615", ~0ULL},
        {"17179869183g", 17179869183ULL << 30},
    };
    for (const auto& [text, bytes] : good) BOOST_TEST_CONTEXT(text) {
            BOOST_REQUIRE(parse_size(text).has_value());
            BOOST_TEST(*parse_size(text) == bytes);
        }
    for (const auto* text : {"", "k", "8kb", "8 k", "-1", "+1", "1.5m", "1t", "0x10", "18446744073709551616",
                             "17179869184g", "8kk", " 8", "8 "})
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(!parse_size(text).has_value()); }
}

BOOST_AUTO_TEST_CASE(times_have_a_unit) {
    const std::pair<std::string_view, std::chrono::milliseconds> good[] = {
        {"0s", 0ms}, {"500ms", 500ms}, {"5s", 5s}, {"2m", 2min}, {"1h", 1h}, {"90m", 90min}, {"0ms", 0ms}};
    for (const auto& [text, time] : good) BOOST_TEST_CONTEXT(text) {
            BOOST_REQUIRE(parse_time(text).has_value());
            BOOST_TEST((*parse_time(text) == time));
        }
    for (const auto* text : {"", "5", "s", "ms", "5S", "5 s", "-5s", "1.5s", "5sec", "1d", "5m5s",
                             "9223372036854775808ms", "2562047788016h"})
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(!parse_time(text).has_value()); }
}

BOOST_AUTO_TEST_CASE(formatted_values_are_short_and_read_back) {
    const std::pair<std::uint64_t, std::string_view> sizes[] = {{0, "0"},
                                                                {256, "256"},
                                                                {1024, "1k"},
                                                                {8192, "8k"},
                                                                {1 << 20, "1m"},
                                                                {(1 << 20) + 1, "1048577"},
                                                                {1ULL << 40, "1024g"}};
    for (const auto& [bytes, text] : sizes) {
        BOOST_TEST(format_size(bytes) == text);
        BOOST_TEST(parse_size(text).value() == bytes);
    }
    const std::pair<std::chrono::milliseconds, std::string_view> times[] = {
        {0ms, "0s"}, {1ms, "1ms"}, {1500ms, "1500ms"}, {5s, "5s"}, {90s, "90s"}, {2min, "2m"}, {24h, "24h"}};
    for (const auto& [time, text] : times) {
        BOOST_TEST(format_time(time) == text);
        BOOST_TEST((parse_time(text).value() == time));
    }
}

BOOST_AUTO_TEST_CASE(endpoints) {
    const struct {
        std::string_view text;
        endpoint expected;
        std::string_view formatted;
    } good[] = {
        {"127.0.0.1:8080", {"127.0.0.1", 8080}, "127.0.0.1:8080"},
        {"[::1]:8080", {"::1", 8080}, "[::1]:8080"},
        {"[::ffff:1.2.3.4]:1", {"::ffff:1.2.3.4", 1}, "[::ffff:1.2.3.4]:1"},
        {"[fe80::1%eth0]:65535", {"fe80::1%eth0", 65535}, "[fe80::1%eth0]:65535"},
        {"*:80", {"*", 80}, "*:80"},
        {"80", {"*", 80}, "*:80"},
        {"localhost:0", {"localhost", 0}, "localhost:0"},
        {"web-1.example.org:8080", {"web-1.example.org", 8080}, "web-1.example.org:8080"},
    };
    for (const auto& [text, expected, formatted] : good) BOOST_TEST_CONTEXT(text) {
            const auto parsed = parse_endpoint(text);
            BOOST_REQUIRE(std::holds_alternative<endpoint>(parsed));
            BOOST_TEST((std::get<endpoint>(parsed) == expected));
            BOOST_TEST(format_endpoint(expected) == formatted);
        }
    BOOST_TEST(format_endpoint({"", 80}) == "*:80");

    const std::pair<std::string_view, std::string_view> bad[] = {
        {"", "the port must be a number from 0 to 65535"},
        {"127.0.0.1", "add the port, for example \"127.0.0.1:8080\""},
        {"localhost", "add the port, for example \"127.0.0.1:8080\""},
        {"127.0.0.1:", "the port must be a number from 0 to 65535"},
        {"127.0.0.1:65536", "the port must be a number from 0 to 65535"},
        {"127.0.0.1:http", "the port must be a number from 0 to 65535"},
        {"65536", "the port must be a number from 0 to 65535"},
        {":80", "the address before the port is missing or too long"},
        {"::1:80", "an IPv6 address stands in brackets, for example \"[::1]:8080\""},
        {"[::1]", "add the port, for example \"[::1]:8080\""},
        {"[::1]80", "add the port, for example \"[::1]:8080\""},
        {"[::1:80", "the brackets must hold an IPv6 address, for example \"[::1]:8080\""},
        {"[127.0.0.1]:80", "the brackets must hold an IPv6 address, for example \"[::1]:8080\""},
        {"[fe80::1%]:80", "the brackets must hold an IPv6 address, for example \"[::1]:8080\""},
        {"256.0.0.1:80",
         "\"256.0.0.1\" is no IPv4 address (four numbers from 0 to 255 with dots between them)"},
        {"1.2.3:80", "\"1.2.3\" is no IPv4 address (four numbers from 0 to 255 with dots between them)"},
        {"a b:80", "a host name consists of letters, digits, '-', '_' and '.'"},
        {"http://a:80", "an IPv6 address stands in brackets, for example \"[::1]:8080\""},
    };
    for (const auto& [text, message] : bad) BOOST_TEST_CONTEXT(text) {
            const auto parsed = parse_endpoint(text);
            BOOST_REQUIRE(std::holds_alternative<endpoint_error>(parsed));
            BOOST_TEST(std::get<endpoint_error>(parsed).message == message);
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
