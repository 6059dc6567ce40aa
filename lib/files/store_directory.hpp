#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace fairlead::files {

/// Whether the disk below a store can still be believed. Thread safe.
class disk_health {
public:
    /// True after a write or a sync failed with EIO or EROFS: the state of the disk is unknown, and stays so
    /// until a restart.
    bool has_failed() const noexcept { return has_failed_.load(std::memory_order_acquire); }
    /// Takes note of an error of a write, a link or a sync, and returns it.
    error_code note(error_code failed) noexcept;

private:
    std::atomic<bool> has_failed_{false};
};

/// One directory of an upload store, and which of its names are on the disk. There is one object for each
/// directory at a time (upload_store sees to that), so whoever has to say what stands in it knows what others
/// changed. Thread safe.
class store_directory {
public:
    /// What was done before is taken for unsynced. `health` outlives it.
    store_directory(unique_fd opened, disk_health& health) noexcept
        : directory_(std::move(opened)), health_(health) {}

    int get() const noexcept { return directory_.get(); }

    /// Its own name is on the disk, and those of all directories above it.
    bool is_anchored() const noexcept { return is_anchored_.load(std::memory_order_acquire); }
    void set_anchored() noexcept { is_anchored_.store(true, std::memory_order_release); }

    /// Around every call that makes, replaces or removes a name: from its begin on others may see it, so
    /// until the next successful `sync` nobody may tell a client of it.
    class change {
    public:
        explicit change(store_directory& of) noexcept;
        change(const change&) = delete;
        change& operator=(const change&) = delete;
        ~change();
        /// Nothing was changed.
        void dismiss() noexcept { has_happened_ = false; }

    private:
        store_directory& of_;
        bool has_happened_ = true;
    };

    /// Returns when every change that others could see before the call is on the disk; at once when there is
    /// none that is not. Calls that overlap share one fsync, which began after the last of them; if it fails,
    /// it has failed for each of them. Blocks. Errors: the errno of fsync; EIO once the disk has failed.
    error_code sync();

private:
    error_code sync_once() noexcept;

    enum class round_state { gathering, may_begin, done };
    // One fsync, shared by the calls that had come before it began.
    struct round {
        std::atomic<round_state> state{round_state::gathering};  // changed by who holds the mutex
        error_code failed;                                       // once it is done
    };
    const unique_fd directory_;
    disk_health& health_;
    std::atomic<bool> is_anchored_{false};
    std::mutex mutex_;
    std::shared_ptr<round> gathering_;  // the round that has not begun yet
    bool is_syncing_ = false;
    unsigned changing_ = 0;      // changes under way
    std::uint64_t changes_ = 1;  // that have ended
    std::uint64_t synced_ = 0;   // of them, on the disk
};

}  // namespace fairlead::files
