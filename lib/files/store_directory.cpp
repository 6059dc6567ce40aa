#include "files/store_directory.hpp"

#include <unistd.h>

namespace fairlead::files {

error_code disk_health::note(error_code failed) noexcept {
    if (failed == boost::system::errc::io_error || failed == boost::system::errc::read_only_file_system)
        has_failed_.store(true, std::memory_order_release);
    return failed;
}

store_directory::change::change(store_directory& of) noexcept : of_(of) {
    const std::lock_guard guard(of_.mutex_);
    ++of_.changing_;
}

store_directory::change::~change() {
    const std::lock_guard guard(of_.mutex_);
    --of_.changing_;
    of_.changes_ += has_happened_;
}

/// What one fsync could not write is clean to the next one, which then succeeds for nothing: after EIO there
/// is none.
error_code store_directory::sync_once() noexcept {
    if (health_.has_failed()) return errno_code(EIO);
    return ::fsync(directory_.get()) == 0 ? error_code{} : health_.note(last_error());
}

error_code store_directory::sync() {
    std::unique_lock lock(mutex_);
    if (synced_ == changes_ && changing_ == 0) return health_.has_failed() ? errno_code(EIO) : error_code{};
    if (!gathering_) gathering_ = std::make_shared<round>();
    const auto mine = gathering_;
    // Who waits for somebody else's fsync sleeps outside the lock, which all of them would want at once when
    // it ends.
    while (is_syncing_) {
        lock.unlock();
        mine->state.wait(round_state::gathering);
        if (mine->state == round_state::done) return mine->failed;
        lock.lock();
    }
    if (mine->state == round_state::done) return mine->failed;
    // No round runs and this one is not done, so it is still gathering. Whoever is in it changed the
    // directory before it came here; who comes from now on gets the next round.
    gathering_.reset();
    is_syncing_ = true;
    mine->state = round_state::gathering;
    const auto covered = changes_;
    lock.unlock();
    const auto failed = sync_once();
    lock.lock();
    is_syncing_ = false;
    if (!failed) synced_ = covered;
    mine->failed = failed;
    mine->state = round_state::done;
    const auto next = gathering_;
    if (next) next->state = round_state::may_begin;
    lock.unlock();
    mine->state.notify_all();
    // One is enough to run it.
    if (next) next->state.notify_one();
    return failed;
}

}  // namespace fairlead::files
