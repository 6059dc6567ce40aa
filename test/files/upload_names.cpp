#include "files/upload_names.hpp"

#include <boost/test/unit_test.hpp>

#include <ctime>
#include <regex>
#include <set>

using namespace fairlead::files;

namespace {

std::string stamp(std::time_t when) {
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    char text[16];
    return std::string(text, std::strftime(text, sizeof text, "%Y%m%d_%H%M%S", &parts));
}

BOOST_AUTO_TEST_SUITE(upload_names_suite)

BOOST_AUTO_TEST_CASE(says_when_it_was_made) {
    for (const std::string prefix : {"upload", "form", ""}) {
        const auto begin = stamp(std::time(nullptr));
        const auto name = fresh_name(prefix);
        const auto end = stamp(std::time(nullptr));
        BOOST_TEST(std::regex_match(name, std::regex(prefix + R"(_\d{8}_\d{6}_[0-9a-f]{16})")));
        const auto when = name.substr(prefix.size() + 1, 15);
        BOOST_TEST(begin <= when);
        BOOST_TEST(when <= end);
    }
}

BOOST_AUTO_TEST_CASE(nobody_has_it_and_nobody_guesses_it) {
    std::set<std::string> endings, beginnings;
    for (int i = 0; i < 10'000; ++i) {
        const auto name = fresh_name("upload");
        endings.insert(name.substr(name.size() - 16));
        beginnings.insert(name.substr(name.size() - 16, 8));
    }
    BOOST_TEST(endings.size() == 10'000U);
    // All of the 64 bits differ, not only the last: of 32 random ones hardly two are alike.
    BOOST_TEST(beginnings.size() > 9'990U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
