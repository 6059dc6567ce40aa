#pragma once

#include "base/event.hpp"
#include "base/task.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace fairlead {

/// Does once what several ask for at the same time. Nothing is kept: who asks after the end begins anew.
/// Thread safe; outlives all who ask.
template <class Key, class Result>
class single_flight {
public:
    /// What `run()`, a `task<Result>`, yields: of those who ask for `key` while it runs, only the first runs
    /// it. When it throws, the first gets the exception, and the others `Result()`.
    template <class Run>
    task<Result> share(Key key, Run run) {
        const auto end = std::make_shared<event>();
        const auto mine = enter(key, end);
        if (!mine.is_first) {
            co_await end->wait();
            co_return mine.shared->result;
        }
        const landing at_the_end(*this, std::move(key), *mine.shared);
        auto result = co_await run();
        mine.shared->result = result;
        co_return result;
    }

private:
    struct flight {
        Result result{};
        std::vector<std::shared_ptr<event>> waiting;
    };
    struct seat {
        std::shared_ptr<flight> shared;
        bool is_first;
    };

    /// Tells those who wait, however the first one ends.
    class landing {
    public:
        landing(single_flight& owner, Key key, flight& ended)
            : owner_(owner), key_(std::move(key)), ended_(ended) {}
        landing(const landing&) = delete;
        landing& operator=(const landing&) = delete;
        ~landing() {
            {
                const std::lock_guard guard(owner_.mutex_);
                owner_.under_way_.erase(key_);
            }
            for (const auto& one : ended_.waiting) one->set();  // nobody joins any more
        }

    private:
        single_flight& owner_;
        const Key key_;
        flight& ended_;
    };

    seat enter(const Key& key, const std::shared_ptr<event>& end) {
        const std::lock_guard guard(mutex_);
        auto& place = under_way_[key];
        const bool is_first = !place;
        if (is_first)
            place = std::make_shared<flight>();
        else
            place->waiting.push_back(end);
        return {place, is_first};
    }

    std::mutex mutex_;
    std::map<Key, std::shared_ptr<flight>> under_way_;
};

}  // namespace fairlead
