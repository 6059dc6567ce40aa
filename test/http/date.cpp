#include "http/date.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

constexpr unix_seconds now = 1767225600;  // Thu, 01 Jan 2026 00:00:00 GMT
constexpr unix_seconds rfc_example = 784111777;
constexpr unix_seconds earliest = -11644473600;  // Mon, 01 Jan 1601
constexpr unix_seconds latest = 253402300799;    // Fri, 31 Dec 9999 23:59:59

BOOST_AUTO_TEST_SUITE(date)

BOOST_AUTO_TEST_CASE(formats) {
    struct {
        unix_seconds time;
        std::string_view text;
    } const rows[] = {
        {rfc_example, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {now, "Thu, 01 Jan 2026 00:00:00 GMT"},
        {earliest, "Mon, 01 Jan 1601 00:00:00 GMT"},
        {earliest - 1, "Mon, 01 Jan 1601 00:00:00 GMT"},
        {latest, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {latest + 1, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {std::numeric_limits<unix_seconds>::max(), "Fri, 31 Dec 9999 23:59:59 GMT"},
        {std::numeric_limits<unix_seconds>::min(), "Mon, 01 Jan 1601 00:00:00 GMT"},
    };
    for (const auto& row : rows) BOOST_TEST(view(format_date(row.time)) == row.text);
}

BOOST_AUTO_TEST_CASE(parses_the_three_forms) {
    struct {
        std::string_view text;
        unix_seconds time;
    } const rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", rfc_example}, {"Sunday, 06-Nov-94 08:49:37 GMT", rfc_example},
        {"Sun Nov  6 08:49:37 1994", rfc_example},      {"Sun Nov 06 08:49:37 1994", rfc_example},
        {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},   {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"Mon, 01 Jan 1601 00:00:00 GMT", earliest},    {"Fri, 31 Dec 9999 23:59:59 GMT", latest},
    };
    for (const auto& row : rows) {
        const auto time = parse_date(row.text, now);
        BOOST_TEST_REQUIRE(time.has_value(), row.text);
        BOOST_TEST(*time == row.time);
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_date) {
    const std::string_view rows[] = {
        "",
        "0",
        "4102444800",
        "not-a-date",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 +8:49:37 GMT",
        "Wed, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Mon, 29 Feb 1999 08:49:37 GMT",
        "Fri, 29 Feb 1900 08:49:37 GMT",
        "Thu, 31 Dec 1600 23:59:59 GMT",
        "Sat, 01 Jan 10000 00:00:00 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov   6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 06 Nov 1994 08:49:37 GM\0"sv,
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    };
    for (const auto text : rows) BOOST_TEST(!parse_date(text, now).has_value(), text);
}

BOOST_AUTO_TEST_CASE(two_digit_years_are_at_most_50_years_ahead) {
    struct {
        std::string_view text, now, meant;
    } const rows[] = {
        {"Wednesday, 01-Jan-76 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT",
         "Wed, 01 Jan 2076 00:00:00 GMT"},
        {"Thursday, 01-Jan-76 00:00:01 GMT", "Thu, 01 Jan 2026 00:00:00 GMT",
         "Thu, 01 Jan 1976 00:00:01 GMT"},
        {"Saturday, 01-Jan-77 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT",
         "Sat, 01 Jan 1977 00:00:00 GMT"},
        {"Friday, 31-Dec-99 23:59:59 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT"},
        {"Thursday, 01-Jan-26 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT",
         "Thu, 01 Jan 2026 00:00:00 GMT"},
        {"Friday, 01-Jan-10 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2010 00:00:00 GMT"},
        {"Thursday, 01-Jan-05 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT",
         "Thu, 01 Jan 2105 00:00:00 GMT"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.text << " seen at " << row.now) {
            const auto seen = parse_date(row.now, 0);
            BOOST_TEST_REQUIRE(seen.has_value());
            const auto time = parse_date(row.text, *seen);
            BOOST_TEST_REQUIRE(time.has_value());
            BOOST_TEST(view(format_date(*time)) == row.meant);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_formatted_parses_back) {
    for (unix_seconds time = earliest; time <= latest; time += 86400 * 97 + 12345) {
        const auto text = format_date(time);
        BOOST_TEST_REQUIRE((parse_date(view(text), now) == time), view(text));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
