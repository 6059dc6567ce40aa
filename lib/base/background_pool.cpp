#include "base/background_pool.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <string>
#include <system_error>

namespace fairlead {
namespace {

// A tenth of the weight that the other threads have (sched(7)).
constexpr int niceness = 10;

/// Where the kernel refuses, the thread is as any other.
void give_way() noexcept {
    const sched_param none{};
    (void)::sched_setscheduler(0, SCHED_BATCH, &none);
    // On Linux that of the calling thread alone.
    (void)::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + niceness);
}

}  // namespace

void background_pool::grow_to(unsigned threads) {
    try {
        while (threads_.size() < threads)
            threads_.emplace_back([this] {
                give_way();
                work_.attach();
            });
    } catch (const std::system_error& failed) {
        throw std::system_error(failed.code(), "cannot start " + std::to_string(threads) +
                                                   " threads: raise the limit of tasks (ulimit -u, TasksMax, "
                                                   "pids.max)");
    }
}

void background_pool::join() {
    if (threads_.empty()) return;
    work_.wait();
    for (auto& each : threads_) each.join();
    threads_.clear();
}

}  // namespace fairlead
