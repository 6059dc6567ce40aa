#include "base/event.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <list>
#include <new>
#include <thread>

namespace {

thread_local bool has_no_memory = false;

}  // namespace

// What a sanitizer replaces, too: it sees the memory by malloc.
void* operator new(std::size_t size) {
    if (has_no_memory) throw std::bad_alloc();
    if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace fairlead {
namespace {

task<> wait_for(event& one, std::atomic<int>& passed) {
    co_await one.wait();
    ++passed;
}

task<> wait_for_one_after_the_other(int rounds, std::atomic<event*>& next, std::atomic<int>& passed) {
    for (int i = 0; i < rounds; ++i) {
        event here;
        next = &here;
        co_await here.wait();
        ++passed;
    }
}

struct end_mark {
    ~end_mark() { is_gone = true; }
    bool& is_gone;
};

task<> wait_for_own(event*& own, bool& is_gone) {
    const end_mark mark{is_gone};
    event here;
    own = &here;
    co_await here.wait();
}

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(it_wakes_who_waits_and_who_comes_later) {
    boost::asio::io_context context;
    event set_first;
    event awaited_first;
    std::atomic<int> passed{0};
    set_first.set();
    boost::asio::co_spawn(context, wait_for(set_first, passed), boost::asio::detached);
    boost::asio::co_spawn(context, wait_for(awaited_first, passed), boost::asio::detached);
    context.poll();
    BOOST_TEST(passed == 1);
    awaited_first.set();
    BOOST_TEST(passed == 1);  // not inside set()
    awaited_first.set();
    context.restart();
    context.poll();
    BOOST_TEST(passed == 2);
}

BOOST_AUTO_TEST_CASE(it_needs_no_memory) {
    boost::asio::io_context context;
    std::atomic<int> passed{0};
    // More than Asio keeps in reserve.
    std::list<event> many(100);
    for (auto& one : many) boost::asio::co_spawn(context, wait_for(one, passed), boost::asio::detached);
    context.poll();
    has_no_memory = true;
    for (auto& one : many) one.set();
    has_no_memory = false;
    context.restart();
    context.poll();
    BOOST_TEST(passed == 100);
}

BOOST_AUTO_TEST_CASE(any_thread_may_set_it_while_its_end_is_its_waiters) {
    boost::asio::io_context context;
    auto work = boost::asio::make_work_guard(context);
    std::atomic<int> passed{0};
    std::atomic<event*> next{nullptr};
    constexpr int rounds = 20'000;
    boost::asio::co_spawn(context, wait_for_one_after_the_other(rounds, next, passed), boost::asio::detached);
    std::jthread runner([&] { context.run(); });
    for (int i = 0; i < rounds; ++i) {
        event* one = nullptr;
        while (!one) one = next.exchange(nullptr);
        one->set();
    }
    work.reset();
    runner.join();
    BOOST_TEST(passed == rounds);
}

// What the context has left at its end is destroyed with it, the event in the coroutine's frame, too.
BOOST_AUTO_TEST_CASE(a_context_that_ends_takes_with_it_who_was_woken) {
    bool is_gone = false;
    {
        boost::asio::io_context context;
        event* its_own = nullptr;
        boost::asio::co_spawn(context, wait_for_own(its_own, is_gone), boost::asio::detached);
        context.poll();
        its_own->set();
        BOOST_TEST(!is_gone);
    }
    BOOST_TEST(is_gone);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
