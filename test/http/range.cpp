#include "http/range.hpp"
#include "http/byteranges.hpp"

#include "fields.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(range)

constexpr std::uint64_t size = 4096;

/// The Content-Range of each part, of the 416, or nothing for the whole.
std::string text_of(const range_choice& choice, std::uint64_t whole = size) {
    if (choice.kind == range_choice::kind::unsatisfiable) return unsatisfied_range(whole);
    std::string text;
    for (const auto& range : choice.ranges) text += (text.empty() ? "" : " ") + content_range(range, whole);
    if (choice.kind == range_choice::kind::whole) return {};
    return text;
}

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
        {"bytes=0-9,20-29", "bytes 0-29/4096"},
        {"bytes=20-29,0-9", "bytes 0-29/4096"},
        {"bytes=0-99,50-149", "bytes 0-149/4096"},
        {"bytes=100-199,0-999,500-600", "bytes 0-999/4096"},
        {"bytes=0-9,90-99", "bytes 0-99/4096"},
        {"bytes=0-,-5", "bytes 0-4095/4096"},
        {"bytes=0-9,5000-,90-99", "bytes 0-99/4096"},
        {"bytes=0-9,junk", ""},
        {"bytes=99999-,junk", ""},
        {"bytes=0-9,9-0", ""},
    };
    for (const auto& row : rows)
        BOOST_TEST(text_of(choose_range(row.value, size)) == row.content_range, row.value);
}

BOOST_AUTO_TEST_CASE(chooses_several_parts) {
    std::string many("bytes=");
    for (std::size_t i = 0; i < max_ranges; ++i)
        many += std::to_string(i * 100) + "-" + std::to_string(i * 100) + ",";
    const std::string flood = "bytes=" + [] {
        std::string text;
        for (int i = 0; i < 2000; ++i) text += "0-" + std::to_string(4000 - i) + ",";
        return text;
    }();
    constexpr std::uint64_t large = 1'000'000;
    struct {
        std::string value, expected;
    } const rows[] = {
        {"bytes=0-9,100-109", "bytes 0-9/1000000 bytes 100-109/1000000"},
        {"bytes=0-0,-1", "bytes 0-0/1000000 bytes 999999-999999/1000000"},
        {"bytes=0-9,91-99", "bytes 0-9/1000000 bytes 91-99/1000000"},
        // As asked for, unless something is merged.
        {"bytes=1000-1009,0-9", "bytes 1000-1009/1000000 bytes 0-9/1000000"},
        {"bytes=1000-1009,0-9,5-20", "bytes 0-20/1000000 bytes 1000-1009/1000000"},
        {"bytes=0-9,9999999-,500-509", "bytes 0-9/1000000 bytes 500-509/1000000"},
        // Never more than the whole.
        {"bytes=0-499999,500100-", ""},
        {"bytes=0-499000,500100-", "bytes 0-499000/1000000 bytes 500100-999999/1000000"},
        {many + "5000-5000", ""},
        {flood, "bytes 0-4000/1000000"},
    };
    for (const auto& row : rows)
        BOOST_TEST(text_of(choose_range(row.value, large), large) == row.expected, row.value);
    BOOST_TEST(choose_range(many, large).ranges.size() == max_ranges);
}

BOOST_AUTO_TEST_CASE(parts_are_divided_as_multipart_says) {
    const std::vector<byte_range> ranges{{0, 10}, {100, 5}};
    const auto parts = byteranges_parts(ranges, "text/plain", 4096, "B");
    BOOST_TEST_REQUIRE(parts.size() == 3u);
    BOOST_TEST(parts[0].lead == "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-9/4096\r\n\r\n");
    BOOST_TEST(parts[1].lead ==
               "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 100-104/4096\r\n\r\n");
    BOOST_TEST(parts[2].lead == "\r\n--B--\r\n");
    BOOST_TEST(parts[1].offset == 100u);
    BOOST_TEST(parts[1].length == 5u);
    BOOST_TEST(parts[2].length == 0u);
    BOOST_TEST(byteranges_type("B") == "multipart/byteranges; boundary=B");
}

BOOST_AUTO_TEST_CASE(knows_the_edges_of_sizes) {
    using kind = enum range_choice::kind;
    BOOST_TEST((choose_range("bytes=0-0", 0).kind == kind::unsatisfiable));
    BOOST_TEST((choose_range("bytes=0-", 0).kind == kind::unsatisfiable));
    BOOST_TEST((choose_range("bytes=-0", 0).kind == kind::unsatisfiable));
    BOOST_TEST((choose_range("bytes=-5", 0).kind == kind::whole));
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    const auto last = choose_range("bytes=18446744073709551614-18446744073709551615", most);
    BOOST_TEST((last.ranges == std::vector<byte_range>{{most - 1, 1}}));
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
