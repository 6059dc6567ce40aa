#include "base/event.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <list>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>

// Sanitizers bring their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FAIRLEAD_TAKES_MEMORY_AWAY 1

namespace {

thread_local bool has_no_memory = false;

void* allocate(std::size_t alignment, std::size_t size) noexcept {
    void* memory = nullptr;
    if (has_no_memory || ::posix_memalign(&memory, std::max(alignment, sizeof(void*)), size) != 0)
        return nullptr;
    return memory;
}

}  // namespace

// Asio takes its memory here,
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return allocate(alignment, size);
}
// and everybody else there.
void* operator new(std::size_t size) {
    if (void* memory = allocate(alignof(std::max_align_t), size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

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

#ifdef FAIRLEAD_TAKES_MEMORY_AWAY
task<> wait_without_memory(event& one, std::atomic<int>& passed) {
    auto woken = one.wait();
    has_no_memory = true;
    co_await std::move(woken);
    has_no_memory = false;
    ++passed;
}

BOOST_AUTO_TEST_CASE(waking_needs_no_memory_and_waiting_only_for_its_beginning) {
    boost::asio::io_context context;
    std::atomic<int> passed{0};
    // More than Asio keeps in reserve.
    std::list<event> many(100);
    for (auto& one : many) {
        boost::asio::co_spawn(context, wait_without_memory(one, passed), boost::asio::detached);
        context.restart();
        context.poll();
        has_no_memory = false;
    }
    has_no_memory = true;
    BOOST_CHECK_THROW((void)std::make_unique<std::string>(100, 'x'), std::bad_alloc);
    for (auto& one : many) one.set();
    has_no_memory = false;
    context.restart();
    context.poll();
    BOOST_TEST(passed == 100);
}
#endif

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
