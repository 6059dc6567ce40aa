#include "limits/address_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace fairlead::limits {
namespace {

BOOST_AUTO_TEST_SUITE(address_limits)

ip_address at(std::string_view text) { return ip_address::parse(text).value(); }

BOOST_AUTO_TEST_CASE(admits_then_sheds_then_refuses) {
    address_limit limit(8);
    const auto client = at("192.0.2.7");
    std::vector<address_limit::place> places;
    const auto enter = [&] { return places.emplace_back(limit.enter(client)).verdict(); };
    for (int i = 0; i < 8; ++i) BOOST_TEST((enter() == admission::admitted), i);
    for (int i = 0; i < 2; ++i) BOOST_TEST((enter() == admission::shed), i);
    for (int i = 0; i < 3; ++i) BOOST_TEST((enter() == admission::refused), i);
    BOOST_TEST(limit.count_of(client) == 10u);
    // Others do not notice, nor does the same address as IPv6 is another one.
    BOOST_TEST((limit.enter(at("192.0.2.8")).verdict() == admission::admitted));
    BOOST_TEST((limit.enter(at("::ffff:192.0.2.7")).verdict() == admission::refused));
    // What was shed or refused gives its place back, too.
    places.resize(9);
    BOOST_TEST((enter() == admission::shed));
    places.resize(7);
    BOOST_TEST((enter() == admission::admitted));
    places.clear();
    BOOST_TEST(limit.count_of(client) == 0u);
    BOOST_TEST(limit.count_of(at("192.0.2.8")) == 0u);
}

BOOST_AUTO_TEST_CASE(one_connection_may_be_all) {
    address_limit limit(1);
    const auto first = limit.enter(at("::1"));
    auto second = limit.enter(at("::1"));
    BOOST_TEST((first.verdict() == admission::admitted));
    BOOST_TEST((second.verdict() == admission::shed));
    BOOST_TEST((limit.enter(at("::1")).verdict() == admission::refused));
    // A place that is moved is counted once.
    const auto moved = std::move(second);
    BOOST_TEST(limit.count_of(at("::1")) == 2u);
}

BOOST_AUTO_TEST_CASE(an_ipv6_network_is_one_client) {
    address_limit limit(1);
    const auto first = limit.enter(at("2001:db8:1:2::1"));
    BOOST_TEST((limit.enter(at("2001:db8:1:2:3:4:5:6")).verdict() == admission::shed));
    BOOST_TEST((limit.enter(at("2001:db8:1:3::1")).verdict() == admission::admitted));
}

BOOST_AUTO_TEST_CASE(counts_only_what_it_limits) {
    address_limit off(0);
    std::vector<address_limit::place> places;
    for (int i = 0; i < 1000; ++i) places.push_back(off.enter(at("192.0.2.7")));
    BOOST_TEST((places.back().verdict() == admission::admitted));
    BOOST_TEST(off.count_of(at("192.0.2.7")) == 0u);

    const std::string proxies[] = {"10.0.0.0/8"};
    address_limit limit(1, *ip_networks::parse(proxies));
    for (int i = 0; i < 1000; ++i) places.push_back(limit.enter(at("10.1.2.3")));
    BOOST_TEST((places.back().verdict() == admission::admitted));
    BOOST_TEST(limit.count_of(at("10.1.2.3")) == 0u);
}

BOOST_AUTO_TEST_CASE(threads_together_have_no_more_than_one) {
    address_limit limit(100);
    std::vector<std::thread> threads;
    std::array<std::vector<address_limit::place>, 4> places;
    for (auto& mine : places)
        threads.emplace_back([&] {
            for (int i = 0; i < 2'000; ++i) {
                mine.push_back(limit.enter(at("192.0.2.7")));
                (void)limit.enter(at("192.0.2." + std::to_string(i % 7)));
            }
        });
    for (auto& one : threads) one.join();
    std::size_t admitted = 0;
    for (const auto& mine : places)
        for (const auto& one : mine) admitted += one.verdict() == admission::admitted;
    BOOST_TEST(admitted == 100u);
    BOOST_TEST(limit.count_of(at("192.0.2.7")) == 125u);
    for (auto& mine : places) mine.clear();
    for (int i = 0; i < 8; ++i) BOOST_TEST(limit.count_of(at("192.0.2." + std::to_string(i))) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
