#include "site/listening.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::site {
namespace {

using endpoints = std::vector<config::endpoint>;
using indexes = std::vector<std::size_t>;

config::site_settings site_at(endpoints own) {
    config::site_settings made;
    made.listen = std::move(own);
    return made;
}

BOOST_AUTO_TEST_SUITE(listeners)

BOOST_AUTO_TEST_CASE(sites_are_at_the_top_unless_they_say_otherwise) {
    config::settings all;
    all.listen = {{"", 80}, {"::1", 8080}};
    all.sites = {site_at({}), site_at({{"", 8443}}), site_at({{"", 80}, {"", 8443}})};
    const auto plan = plan_listeners(all);
    BOOST_TEST_REQUIRE(plan.size() == 3u);
    BOOST_TEST((plan[0].at == endpoints{{"", 80}}));
    BOOST_TEST((plan[0].sites == indexes{0, 1, 3}));
    BOOST_TEST((plan[1].at == endpoints{{"::1", 8080}}));
    BOOST_TEST((plan[1].sites == indexes{0, 1}));
    BOOST_TEST((plan[2].at == endpoints{{"", 8443}}));
    BOOST_TEST((plan[2].sites == indexes{2, 3}));  // and not the default site
}

BOOST_AUTO_TEST_CASE(addresses_with_the_same_sites_are_one) {
    config::settings all;
    all.listen = {{"127.0.0.1", 80}, {"::1", 80}};
    all.sites = {site_at({})};
    const auto plan = plan_listeners(all);
    BOOST_TEST_REQUIRE(plan.size() == 1u);
    BOOST_TEST(plan[0].at.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_port_that_the_kernel_chooses_is_nobody_elses) {
    config::settings all;
    all.listen = {{"127.0.0.1", 0}};
    all.sites = {site_at({{"127.0.0.1", 0}}), site_at({{"127.0.0.1", 0}}), site_at({})};
    const auto plan = plan_listeners(all);
    BOOST_TEST_REQUIRE(plan.size() == 3u);
    BOOST_TEST((plan[0].sites == indexes{0, 3}));
    BOOST_TEST((plan[1].sites == indexes{1}));
    BOOST_TEST((plan[2].sites == indexes{2}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::site
