#include "limits/shared_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

namespace fairlead::limits {
namespace {

BOOST_AUTO_TEST_SUITE(shared_queues)

ip_address at(const std::string& text) { return ip_address::parse(text).value(); }

/// Takes as many places as it gets, for addresses that begin and end like this.
std::vector<shared_queue::place> fill(shared_queue& queue, const std::string& begin, const std::string& end,
                                      int most = 1000) {
    std::vector<shared_queue::place> places;
    for (int i = 0; i < most; ++i) {
        auto place = queue.enter(at(begin + std::to_string(i % 250) + end));
        if (!place) break;
        places.push_back(std::move(place));
    }
    return places;
}

BOOST_AUTO_TEST_CASE(networks_are_wide) {
    const struct {
        std::string one, other;
        bool are_same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.254", true},
        {"192.0.2.1", "192.0.3.1", false},
        {"192.0.2.1", "::ffff:192.0.2.9", true},
        {"2001:db8:1::1", "2001:db8:1::2", true},
        {"2001:db8:1:1::1", "2001:db8:1:ffff::1", true},  // two of 65,536 networks of one /48
        {"2001:db8:1::1", "2001:db8:2::1", false},
        {"::1", "127.0.0.1", false},
    };
    for (const auto& row : rows)
        BOOST_TEST((wide_key(at(row.one)) == wide_key(at(row.other))) == row.are_same);
}

BOOST_AUTO_TEST_CASE(one_network_gets_half_and_each_further_one_a_share_of_what_is_left) {
    for (const std::string end : {"::1", ":0:0:0:5"}) {
        shared_queue queue(64);
        const auto first = fill(queue, "2001:db8:1:", end);
        BOOST_TEST(first.size() == 32u);
        const auto second = fill(queue, "2001:db8:2:", end);
        BOOST_TEST(second.size() == 16u);
        const auto third = fill(queue, "192.0.2.", "");
        BOOST_TEST(third.size() == 8u);
        // Whoever is there already gets no more; a stranger does.
        BOOST_TEST(!queue.enter(at("2001:db8:1:9::9")));
        BOOST_TEST(!!queue.enter(at("198.51.100.1")));
    }
}

BOOST_AUTO_TEST_CASE(those_who_come_together_get_the_same) {
    shared_queue queue(60);
    std::vector<shared_queue::place> places;
    std::size_t count[3] = {};
    for (int turn = 0; turn < 60; ++turn)
        for (int network = 0; network < 3; ++network)
            if (auto place = queue.enter(at("10.0." + std::to_string(network) + ".1"))) {
                places.push_back(std::move(place));
                ++count[network];
            }
    for (const auto one : count) BOOST_TEST(one == 15u);
}

BOOST_AUTO_TEST_CASE(every_network_has_a_place_until_there_are_as_many_as_places) {
    shared_queue queue(8);
    std::vector<shared_queue::place> places;
    for (int i = 0; i < 8; ++i) {
        auto place = queue.enter(at("10.0." + std::to_string(i) + ".1"));
        BOOST_TEST(!!place);
        places.push_back(std::move(place));
    }
    BOOST_TEST(!queue.enter(at("10.0.9.1")));
    places.pop_back();
    BOOST_TEST(!!queue.enter(at("10.0.9.1")));
}

BOOST_AUTO_TEST_CASE(a_place_comes_back_once) {
    shared_queue queue(2);
    for (int i = 0; i < 100; ++i) {
        auto place = queue.enter(at("192.0.2.1"));
        BOOST_TEST(!!place);
        BOOST_TEST(!queue.enter(at("192.0.2.2")));
        auto moved = std::move(place);
        BOOST_TEST(!place);
        if (i % 2 == 0) moved = {};
    }
    BOOST_TEST(!!queue.enter(at("192.0.2.1")));
}

BOOST_AUTO_TEST_CASE(from_many_threads) {
    shared_queue queue(16);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&queue, t] {
            for (int i = 0; i < 5'000; ++i) {
                auto one = queue.enter(at("10.0." + std::to_string((t + i) % 7) + ".1"));
                auto other = queue.enter(at("10.0." + std::to_string(t) + ".2"));
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(fill(queue, "192.0.2.", "").size() == 8u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
