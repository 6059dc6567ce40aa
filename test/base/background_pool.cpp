#include "base/background_pool.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <latch>

namespace fairlead {
namespace {

BOOST_AUTO_TEST_SUITE(background_pool_suite)

BOOST_AUTO_TEST_CASE(gives_way_and_leaves_the_caller_as_it_was) {
    const int mine = ::getpriority(PRIO_PROCESS, 0);
    int nice = 0;
    int policy = 0;
    background_pool pool;
    pool.grow_to(1);
    boost::asio::post(pool.work(), [&] {
        nice = ::getpriority(PRIO_PROCESS, 0);
        policy = ::sched_getscheduler(0);
    });
    pool.join();
    BOOST_TEST(nice == std::min(mine + 10, 19));
    BOOST_TEST(policy == SCHED_BATCH);
    BOOST_TEST(::getpriority(PRIO_PROCESS, 0) == mine);
    BOOST_TEST(::sched_getscheduler(0) == SCHED_OTHER);
}

BOOST_AUTO_TEST_CASE(has_as_many_threads_as_the_one_who_asked_for_most) {
    background_pool pool;
    pool.grow_to(3);
    pool.grow_to(1);
    pool.grow_to(4);
    std::latch together(4);
    for (int i = 0; i < 4; ++i) boost::asio::post(pool.work(), [&] { together.arrive_and_wait(); });
    pool.join();
    BOOST_TEST(together.try_wait());
}

BOOST_AUTO_TEST_CASE(joining_waits_for_all_that_was_posted) {
    std::atomic<int> done{0};
    background_pool pool;
    for (int i = 0; i < 100; ++i) boost::asio::post(pool.work(), [&] { ++done; });
    BOOST_TEST(done == 0);
    pool.grow_to(2);
    pool.join();
    BOOST_TEST(done == 100);
    pool.join();
}

BOOST_AUTO_TEST_CASE(one_without_threads_ends) {
    background_pool unused;
    unused.join();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
