#pragma once

#include "base/event.hpp"
#include "base/task.hpp"

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace fairlead::handlers {

/// One request at a time for each name of a store. Who has to wait holds no thread, so thousands of requests
/// for one name leave the disk to the others. Thread safe.
class name_turns {
public:
    /// The right to change what has a name; the next one's when it is destroyed.
    class turn {
    public:
        turn(turn&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), name_(std::move(other.name_)) {}
        turn& operator=(turn&&) = delete;
        ~turn() {
            if (owner_) owner_->leave(name_);
        }

    private:
        friend class name_turns;
        turn(name_turns* owner, std::string name) noexcept : owner_(owner), name_(std::move(name)) {}
        name_turns* owner_;
        std::string name_;
    };

    /// The turn, if nobody has it.
    std::optional<turn> try_enter(const std::string& name) {
        const std::lock_guard guard(mutex_);
        if (!waiting_.try_emplace(name).second) return std::nullopt;
        return turn(this, name);
    }

    /// The turn, after those who came before.
    task<turn> enter(std::string name) {
        const auto mine = std::make_shared<event>();
        auto its_turn = mine->wait();
        {
            const std::lock_guard guard(mutex_);
            const auto [place, is_first] = waiting_.try_emplace(name);
            if (is_first)
                mine->set();
            else
                place->second.push_back(mine);
        }
        co_await std::move(its_turn);
        co_return turn(this, std::move(name));
    }

private:
    void leave(const std::string& name) noexcept {
        std::shared_ptr<event> next;
        {
            const std::lock_guard guard(mutex_);
            const auto place = waiting_.find(name);
            if (place->second.empty()) {
                waiting_.erase(place);
                return;
            }
            next = std::move(place->second.front());
            place->second.pop_front();
        }
        next->set();
    }

    std::mutex mutex_;
    // For each name that somebody has. Mostly nobody waits, and an empty list owns no memory.
    std::map<std::string, std::list<std::shared_ptr<event>>> waiting_;
};

}  // namespace fairlead::handlers
