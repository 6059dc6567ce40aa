#pragma once

#include "base/blocking.hpp"
#include "files/upload_store.hpp"
#include "limits/work_limit.hpp"

#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <type_traits>
#include <utility>

namespace fairlead::handlers {

/// Where the disk calls of uploads to one place run: on the pool of commits, each with a place among the
/// requests at work. Without syncs a file goes to the page cache, which is quicker than another thread can be
/// woken (measured: a fourth of the whole request); then a call runs where it is made, until one shows that
/// the disk is in the way.
class upload_disk {
public:
    upload_disk(const files::upload_store& store, boost::asio::thread_pool& commits,
                limits::work_limit& work) noexcept
        : store_(store), commits_(commits), work_(work) {}

    /// How many threads the pool needs for `store`. All who wait for a slow disk share its syncs, so the more
    /// they are, the more it stores (lib/README.md, durability). A disk that answers before a few threads
    /// have had their turn on the processors leaves them nothing to wait for: then more of them only take
    /// processors away from whoever reads. Without syncs a commit is work, and hardly ever here.
    static unsigned threads_for(const files::upload_store& store) noexcept {
        if (!store.is_durable()) return 2;
        return store.sync_time() > slow_sync ? 64 : 24;
    }

    /// Lets `what` go on the pool: freeing a large file takes as long as writing it.
    template <class Kept>
    void let_go(Kept what) noexcept {
        try {
            boost::asio::post(commits_, [kept = std::move(what)] {});
        } catch (const std::bad_alloc&) {
            // Then it has gone here.
        }
    }

private:
    friend class disk_visits;
    using clock = std::chrono::steady_clock;

    template <class Call>
    task<std::invoke_result_t<Call>> run(Call call, bool may_refuse) {
        limits::work_limit::permit permit;
        if (may_refuse) {
            auto first = co_await work_.acquire();
            if (!first) co_return make_error_code(errc::overloaded);
            permit = std::move(*first);
        } else {
            permit = co_await work_.acquire_again();
        }
        const auto begin = clock::now();
        const bool is_quick = !store_.is_durable() &&
                              begin.time_since_epoch().count() >= slow_until_.load(std::memory_order_relaxed);
        if (!is_quick) {
            auto done = co_await run_blocking(commits_, std::move(call));
            co_return done;
        }
        const auto sleeps_before = times_slept();
        auto done = call();
        take_note(begin, clock::now(), sleeps_before);
        co_return done;
    }

    // A call to the page cache takes some 20 us. One that took longer than this, and slept, waited for the
    // disk, and after it the pool is used for so many times as long, at most for `slow_period`. So an I/O
    // thread waits for a disk that stalls now and then about a hundredth of its time. Who did not sleep
    // waited for a processor, for which the threads of the pool would wait, too.
    static constexpr std::chrono::milliseconds quick_call{2};
    static constexpr std::chrono::microseconds slow_sync{500};
    static constexpr int slow_factor = 100;
    static constexpr clock::duration slow_period = std::chrono::seconds(10);

    /// How often this thread has given up its processor of its own accord (getrusage(2), ru_nvcsw).
    static long times_slept() noexcept {
        rusage used{};
        ::getrusage(RUSAGE_THREAD, &used);
        return used.ru_nvcsw;
    }

    void take_note(clock::time_point begin, clock::time_point end, long sleeps_before) noexcept {
        if (end - begin <= quick_call || times_slept() == sleeps_before) return;
        const auto until =
            (end + std::min(slow_factor * (end - begin), slow_period)).time_since_epoch().count();
        auto known = slow_until_.load(std::memory_order_relaxed);
        while (known < until && !slow_until_.compare_exchange_weak(known, until, std::memory_order_relaxed)) {
        }
    }

    const files::upload_store& store_;
    boost::asio::thread_pool& commits_;
    limits::work_limit& work_;
    std::atomic<clock::rep> slow_until_{0};
};

/// The disk calls of one upload or removal, one after the other. Only the first one can find no place among
/// the requests at work: who has got one, and has sent its body since, is not sent away any more.
class disk_visits {
public:
    /// `disk` outlives it, and it outlives its calls.
    explicit disk_visits(upload_disk& disk) noexcept : disk_(disk) {}
    disk_visits(const disk_visits&) = delete;
    disk_visits& operator=(const disk_visits&) = delete;

    /// Runs `call`, which returns an error_code or a result, and gives what it returned; errc::overloaded
    /// when there was no place. What it refers to must live in the awaiting frame.
    template <class Call>
    task<std::invoke_result_t<Call>> run(Call call) {
        return disk_.run(std::move(call), !std::exchange(is_admitted_, true));
    }

private:
    upload_disk& disk_;
    bool is_admitted_ = false;
};

}  // namespace fairlead::handlers
