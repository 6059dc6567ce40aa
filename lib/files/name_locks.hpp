#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace fairlead::files {

/// One operation per name at a time. A lock is held over the syncs of an operation, so that the next one
/// finds a state that will stay. Thread safe; waiting blocks the thread.
class name_locks {
public:
    /// A name of a directory, which is told apart by its address.
    using key = std::pair<const void*, std::string>;

    class held {
    public:
        held(name_locks& owner, key name) : owner_(owner), name_(std::move(name)) { owner_.enter(name_); }
        held(const held&) = delete;
        held& operator=(const held&) = delete;
        ~held() { owner_.leave(name_); }

    private:
        name_locks& owner_;
        const key name_;
    };

private:
    void enter(const key& name) {
        std::unique_lock lock(mutex_);
        left_.wait(lock, [&] { return names_.insert(name).second; });
    }
    void leave(const key& name) noexcept {
        {
            const std::lock_guard guard(mutex_);
            names_.erase(name);
        }
        left_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable left_;
    std::set<key> names_;
};

}  // namespace fairlead::files
