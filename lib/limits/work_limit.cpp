#include "limits/work_limit.hpp"

namespace fairlead::limits {

/// Counts one in, if there is a place. Whoever arrives while others wait joins them, so that nobody is
/// overtaken.
bool work_limit::enter() noexcept {
    if (in_flight_ >= in_flight_max_ || is_awaited()) return false;
    ++in_flight_;
    return true;
}

task<result<work_limit::permit>> work_limit::acquire() {
    std::shared_ptr<waiter> place;
    task<> decided;
    {
        const std::lock_guard guard(mutex_);
        if (enter()) co_return permit(this);
        if (queue_.size() >= queue_max_) {
            metrics_.request_shed(telemetry::shed_reason::queue_full);
            co_return errc::overloaded;
        }
        place = std::make_shared<waiter>();
        place->deadline = clock::now() + longest_wait_;
        decided = place->decided.wait();
        queue_.push_back(place);
    }
    co_await std::move(decided);
    // `granted` was written before `decided` was set, by whoever took the waiter off the queue.
    if (place->granted) co_return permit(this);
    co_return errc::overloaded;
}

task<work_limit::permit> work_limit::acquire_again() {
    std::shared_ptr<waiter> place;
    task<> decided;
    {
        const std::lock_guard guard(mutex_);
        if (enter()) co_return permit(this);
        place = std::make_shared<waiter>();
        decided = place->decided.wait();
        again_.push_back(place);
    }
    co_await std::move(decided);
    co_return permit(this);
}

std::optional<work_limit::permit> work_limit::try_acquire() {
    const std::lock_guard guard(mutex_);
    if (!enter()) return std::nullopt;
    return permit(this);
}

bool work_limit::has_to_refuse() {
    const std::lock_guard guard(mutex_);
    const bool is_full = in_flight_ >= in_flight_max_ && queue_.size() >= queue_max_;
    if (is_full) metrics_.request_shed(telemetry::shed_reason::queue_full);
    return is_full;
}

void work_limit::release() {
    std::shared_ptr<waiter> next;
    {
        const std::lock_guard guard(mutex_);
        if (!is_awaited()) {
            --in_flight_;
            return;
        }
        auto& queue = again_.empty() ? queue_ : again_;
        next = std::move(queue.front());  // the place passes on; in_flight stays as it is
        queue.pop_front();
    }
    next->granted = true;
    next->decided.set();
}

void work_limit::expire(clock::time_point now) {
    std::list<std::shared_ptr<waiter>> late;
    {
        const std::lock_guard guard(mutex_);
        while (!queue_.empty() && queue_.front()->deadline <= now) {
            late.splice(late.end(), queue_, queue_.begin());
            metrics_.request_shed(telemetry::shed_reason::queue_timeout);
        }
    }
    for (const auto& one : late) one->decided.set();
}

work_limit::usage work_limit::current() const {
    const std::lock_guard guard(mutex_);
    return {in_flight_, static_cast<unsigned>(again_.size() + queue_.size())};
}

}  // namespace fairlead::limits
