#include "handlers/script_errors.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace fairlead::handlers {
namespace {

struct script {
    std::vector<std::string> lines;
    telemetry::log log{lines};
    const std::string id = "0123456789abcdef";

    void say(const std::vector<std::string>& pieces) {
        script_errors errors(log, "/a.php", id);
        for (const auto& piece : pieces) errors.take(piece);
    }
    std::string said(std::size_t line) const {
        const auto at = lines.at(line).find("/a.php of request 0123456789abcdef says");
        return at == std::string::npos ? lines.at(line) : lines.at(line).substr(at + 39);
    }
};

BOOST_AUTO_TEST_SUITE(script_errors_)

BOOST_AUTO_TEST_CASE(lines_are_put_together_and_empty_ones_left_out) {
    script one;
    one.say({"fir", "st\r\n\n\nsec", "ond", "\nlast"});
    BOOST_TEST_REQUIRE(one.lines.size() == 3u);
    BOOST_TEST(one.said(0) == ": first");
    BOOST_TEST(one.said(1) == ": second");
    BOOST_TEST(one.said(2) == ": last");
}

BOOST_AUTO_TEST_CASE(nobody_writes_the_line_of_another) {
    script one;
    one.say({"a\x1b[31m\x01 \"b\"\n"});
    BOOST_TEST_REQUIRE(one.lines.size() == 1u);
    BOOST_TEST(one.lines[0].find('\x1b') == std::string::npos);
    BOOST_TEST(one.lines[0].find('\x01') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_long_line_is_cut_and_a_flood_is_counted) {
    script one;
    const std::string flood(script_errors::most_bytes + 77, 'e');
    one.say({flood});
    BOOST_TEST_REQUIRE(one.lines.size() == script_errors::most_bytes / script_errors::most_line + 1);
    BOOST_TEST(one.said(0).size() == script_errors::most_line + 2);
    BOOST_TEST(one.said(one.lines.size() - 1) == " 77 bytes more, which are left out");
}

BOOST_AUTO_TEST_CASE(who_says_nothing_has_no_line) {
    script one;
    one.say({});
    one.say({"", "\n"});
    BOOST_TEST(one.lines.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
