#include "http/range.hpp"

#include "fields.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(range)

constexpr std::uint64_t size = 4096;

BOOST_AUTO_TEST_CASE(chooses_one_part) {
    struct {
        std::string_view value, content_range;
    } const rows[] = {
        {"bytes=0-0", "bytes 0-0/4096"},
        {"bytes=0-9", "bytes 0-9/4096"},
        {"BYTES=0-9", "bytes 0-9/4096"},
        {"bytes=0-", "bytes 0-4095/4096"},
        {"bytes=4095-", "bytes 4095-4095/4096"},
        {"bytes=4000-9999", "bytes 4000-4095/4096"},
        {"bytes=-10", "bytes 4086-4095/4096"},
        {"bytes=-4096", "bytes 0-4095/4096"},
        {"bytes=-99999", "bytes 0-4095/4096"},
        {"bytes=-18446744073709551616", "bytes 0-4095/4096"},
        {"bytes=0-18446744073709551616", "bytes 0-4095/4096"},
        {"bytes=0-99999999999999999999999999", "bytes 0-4095/4096"},
        {"bytes=000-0009", "bytes 0-9/4096"},
        {"bytes= ,0-9, ,", "bytes 0-9/4096"},
        {"bytes=0-9,99999-", "bytes 0-9/4096"},
        {"bytes=99999-,0-9", "bytes 0-9/4096"},
        {"bytes=4096-", "bytes */4096"},
        {"bytes=99999-", "bytes */4096"},
        {"bytes=-0", "bytes */4096"},
        {"bytes=5000-,6000-7000", "bytes */4096"},
        {"bytes=9223372036854775807-9223372036854775808", "bytes */4096"},
        {"bytes=18446744073709551615-18446744073709551616", "bytes */4096"},
        {"bytes=18446744073709551616-", "bytes */4096"},
        {"bytes=18446744073709551617-18446744073709551616", ""},
        {"", ""},
        {"bytes", ""},
        {"bytes=", ""},
        {"bytes=,", ""},
        {"bytes=-", ""},
        {"bytes=10", ""},
        {"bytes=9-0", ""},
        {"bytes=abc-xyz", ""},
        {"bytes=10-alpha", ""},
        {"bytes=--5", ""},
        {"bytes=1-2-3", ""},
        {"bytes=+1-2", ""},
        {"bytes=0x0-0x9", ""},
        {"bytes=0-9 20-29", ""},
        {"bytes=0 -9", ""},
        {"bytes =0-9", ""},
        {" bytes=0-9", ""},
        {"none=0-9", ""},
        {"bytesx=0-9", ""},
        {"bytes=0-9,20-29", ""},
        {"bytes=0-9,junk", ""},
        {"bytes=99999-,junk", ""},
        {"bytes=0-9,9-0", ""},
    };
    for (const auto& row : rows)
        BOOST_TEST(content_range(choose_range(row.value, size), size) == row.content_range, row.value);
}

BOOST_AUTO_TEST_CASE(knows_the_edges_of_sizes) {
    using kind = enum range_choice::kind;
    BOOST_TEST((choose_range("bytes=0-0", 0).kind == kind::unsatisfiable));
    BOOST_TEST((choose_range("bytes=0-", 0).kind == kind::unsatisfiable));
    BOOST_TEST((choose_range("bytes=-0", 0).kind == kind::unsatisfiable));
    BOOST_TEST((choose_range("bytes=-5", 0).kind == kind::whole));
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    const auto last = choose_range("bytes=18446744073709551614-18446744073709551615", most);
    BOOST_TEST(last.offset == most - 1);
    BOOST_TEST(last.length == 1u);
}

BOOST_AUTO_TEST_CASE(counts_only_for_one_field_of_a_get) {
    using kind = enum range_choice::kind;
    const test_fields one{{field::range, "bytes=0-9"}};
    const test_fields two{{field::range, "bytes=0-9"}, {field::range, "bytes=20-29"}};
    BOOST_TEST((choose_range(verb::get, one.table(), size).kind == kind::part));
    BOOST_TEST((choose_range(verb::get, two.table(), size).kind == kind::whole));
    BOOST_TEST((choose_range(verb::get, test_fields{}.table(), size).kind == kind::whole));
    for (const auto method : {verb::head, verb::post, verb::put, verb::unknown})
        BOOST_TEST((choose_range(method, one.table(), size).kind == kind::whole));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
