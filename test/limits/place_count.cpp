#include "limits/place_count.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace fairlead::limits {
namespace {

BOOST_AUTO_TEST_SUITE(places)

BOOST_AUTO_TEST_CASE(as_many_as_there_are_and_no_more) {
    place_count count(2);
    auto first = count.enter();
    const auto second = count.enter();
    BOOST_TEST((first && second));
    BOOST_TEST(!count.enter());
    BOOST_TEST(count.taken() == 2u);
    first.reset();
    BOOST_TEST(count.taken() == 1u);
    BOOST_TEST((count.enter() != nullptr));
}

BOOST_AUTO_TEST_CASE(a_place_may_outlive_the_count) {
    std::shared_ptr<void> place;
    {
        place_count count(1);
        place = count.enter();
    }
    place.reset();
}

BOOST_AUTO_TEST_CASE(many_threads_never_get_too_many) {
    place_count count(3);
    std::atomic<int> inside{0};
    std::atomic<bool> too_many{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int turn = 0; turn < 5000; ++turn) {
                const auto place = count.enter();
                if (!place) continue;
                if (++inside > 3) too_many = true;
                --inside;
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(!too_many);
    BOOST_TEST(count.taken() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::limits
