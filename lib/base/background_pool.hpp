#pragma once

#include <boost/asio/thread_pool.hpp>

#include <thread>
#include <vector>

namespace fairlead {

/// Threads whose work gives way to every other thread of this program: with a nice value of 10 more
/// (sched(7)), and never taking the processor from a thread that is running. For work that waits more than
/// it computes, but comes in bursts.
class background_pool {
public:
    background_pool() = default;
    background_pool(const background_pool&) = delete;
    background_pool& operator=(const background_pool&) = delete;
    ~background_pool() { join(); }

    /// Starts threads until there are `threads`. Throws std::system_error that names the remedy when there
    /// are none to be had.
    void grow_to(unsigned threads);
    /// Returns when all that was posted is done; nothing may be posted afterwards.
    void join();

    /// Where the work is posted; it waits for the first thread.
    boost::asio::thread_pool& work() noexcept { return work_; }

private:
    boost::asio::thread_pool work_{0};  // all of its threads are ours, which attach themselves
    std::vector<std::thread> threads_;
};

}  // namespace fairlead
