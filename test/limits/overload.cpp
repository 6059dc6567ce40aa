#include "limits/overload.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace fairlead::limits {
namespace {

BOOST_AUTO_TEST_SUITE(retry_after)

BOOST_AUTO_TEST_CASE(is_at_least_what_was_set_and_up_to_forty_percent_more) {
    struct {
        std::chrono::milliseconds least;
        std::set<std::string> seconds;
    } const rows[] = {
        {std::chrono::milliseconds(5000), {"5", "6", "7"}},
        {std::chrono::milliseconds(4001), {"5", "6", "7"}},  // never before the time that was set
        {std::chrono::milliseconds(1000), {"1"}},
        {std::chrono::milliseconds(10'000), {"10", "11", "12", "13", "14"}},
    };
    for (const auto& row : rows) {
        std::set<std::string> seen;
        for (int i = 0; i < 500; ++i) {
            const auto busy = overload(row.least, "connections");
            BOOST_TEST((busy.status == http::status::service_unavailable));
            BOOST_TEST(!busy.close);
            const std::string seconds(busy.fields.get("Retry-After"));
            BOOST_TEST(busy.detail ==
                       "The server is at its limit of connections. Try again in " + seconds + " s.");
            seen.insert(seconds);
            const auto refusal = too_many_connections(row.least);
            BOOST_TEST((refusal.status == http::status::too_many_requests));
            BOOST_TEST(row.seconds.contains(std::string(refusal.fields.get("Retry-After"))));
        }
        BOOST_TEST(seen == row.seconds, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
