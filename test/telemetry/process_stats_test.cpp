#include "telemetry/process_stats.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace fairlead;
using namespace fairlead::telemetry;

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(stat_is_read_past_any_program_name) {
    const auto fields = parse_stat(
        "17 (a) 9 (b)) S 1 17 17 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 5 0 123456 987654321 4321 "
        "18446744073709551615 1 1 0\n");
    BOOST_TEST_REQUIRE(fields.has_value());
    BOOST_TEST(fields->user_ticks == 250u);
    BOOST_TEST(fields->system_ticks == 50u);
    BOOST_TEST(fields->start_ticks == 123456u);
    BOOST_TEST(fields->virtual_bytes == 987654321u);
    BOOST_TEST(fields->resident_pages == 4321u);
}

BOOST_AUTO_TEST_CASE(other_text_is_refused) {
    for (const std::string_view text :
         {"", ")", "17 (a) S 1", "no parenthesis", "1 (a) S 1 1 1 0 -1 1 1 0 0 0 x 50 0 0 20 0 5 0 1 1 1\n"})
        BOOST_TEST(!parse_stat(text).has_value());
}

BOOST_AUTO_TEST_CASE(the_numbers_are_those_of_this_process) {
    const auto before = read_process_stats();
    BOOST_TEST_REQUIRE(before.has_value());
    BOOST_TEST(before->resident_bytes > 100'000u);
    BOOST_TEST(before->virtual_bytes >= before->resident_bytes);
    BOOST_TEST(before->max_fds >= before->open_fds);
    const double now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    BOOST_TEST(before->start_time_seconds > now - 86'400);
    BOOST_TEST(before->start_time_seconds < now + 60);
    const unique_fd one_more(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto after = read_process_stats();
    BOOST_TEST_REQUIRE(after.has_value());
    BOOST_TEST(after->open_fds == before->open_fds + 1);
    BOOST_TEST(after->cpu_seconds >= before->cpu_seconds);
}

BOOST_AUTO_TEST_SUITE_END()
