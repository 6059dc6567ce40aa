#pragma once

#include "base/error.hpp"
#include "base/event.hpp"
#include "base/task.hpp"
#include "telemetry/metrics.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace fairlead::limits {

/// Limits the requests that are at work at once (handlers, disk), with a bounded waiting queue in order of
/// arrival and a longest wait. Waiting for a client's bytes is not work and needs no permit.
class work_limit {
public:
    using clock = std::chrono::steady_clock;

    /// The right to work, given back when destroyed.
    class permit {
    public:
        permit() = default;
        permit(permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        permit& operator=(permit&& other) noexcept {
            std::swap(owner_, other.owner_);
            return *this;
        }
        ~permit() {
            if (owner_) owner_->release();
        }

    private:
        friend class work_limit;
        explicit permit(work_limit* owner) noexcept : owner_(owner) {}
        work_limit* owner_ = nullptr;
    };

    struct usage {
        unsigned in_flight = 0;
        unsigned queued = 0;
    };

    /// At most `in_flight` permits at once; at most `queue` waiters, each for at most `longest_wait`. Who is
    /// sent away is counted in `metrics`.
    work_limit(unsigned in_flight, unsigned queue, std::chrono::milliseconds longest_wait,
               telemetry::metrics& metrics)
        : in_flight_max_(in_flight), queue_max_(queue), longest_wait_(longest_wait), metrics_(metrics) {}

    /// A permit, at once or after waiting. Error errc::overloaded: the queue is full, or the wait was too
    /// long.
    task<result<permit>> acquire();
    /// A permit for a request that has had one before: however long the wait, it is not sent away, and comes
    /// before those that have had none.
    task<permit> acquire_again();
    /// A permit at once, or nothing when there is none or others wait.
    std::optional<permit> try_acquire();

    /// True when `acquire` would be refused at once, which then counts as done: for those who would have to
    /// wait for something else before they ask.
    bool has_to_refuse();

    /// Sends waiters whose time has passed away; the sweeper calls it.
    void expire(clock::time_point now);

    usage current() const;
    unsigned capacity() const noexcept { return in_flight_max_; }

private:
    struct waiter {
        clock::time_point deadline;
        bool granted = false;
        event decided;
    };

    void release();
    // Both with the lock held.
    bool is_awaited() const noexcept { return !again_.empty() || !queue_.empty(); }
    bool enter() noexcept;

    const unsigned in_flight_max_;
    const unsigned queue_max_;
    const std::chrono::milliseconds longest_wait_;
    telemetry::metrics& metrics_;
    mutable std::mutex mutex_;
    unsigned in_flight_ = 0;
    std::list<std::shared_ptr<waiter>> again_;  // who has had a permit before
    std::list<std::shared_ptr<waiter>> queue_;
};

}  // namespace fairlead::limits
