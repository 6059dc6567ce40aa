#include "files/store_space.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>

namespace fairlead::files {
namespace {

// Below this distance to the floor each upload looks at the disk itself; above it, what was seen within the
// last second will do.
constexpr std::uint64_t near_floor = 256ULL << 20;
constexpr std::uint64_t few_inodes = 4096;

constexpr std::uint64_t least_ahead = 1ULL << 20;
constexpr std::uint64_t most_ahead = 16ULL << 20;

/// Bytes of all regular files below an open directory that are not hidden.
result<std::uint64_t> bytes_below(int directory) {
    namespace fs = std::filesystem;
    std::error_code failed;
    std::uint64_t bytes = 0;
    const auto root = fs::path("/proc/self/fd") / std::to_string(directory) / ".";
    for (fs::recursive_directory_iterator next(root, fs::directory_options::skip_permission_denied, failed),
         end;
         !failed && next != end; next.increment(failed)) {
        // What is removed meanwhile counts nothing.
        std::error_code gone;
        // What is hidden is ours: temporaries, and the memory of keys. Clients cannot choose such names.
        if (next->path().filename().native().starts_with('.')) {
            if (next->is_directory(gone)) next.disable_recursion_pending();
            continue;
        }
        if (!next->is_symlink(gone) && next->is_regular_file(gone)) {
            const auto size = next->file_size(gone);
            if (!gone) bytes += size;
        }
    }
    if (failed) return error_code(failed);
    return bytes;
}

}  // namespace

std::uint64_t room_for(std::uint64_t arrived, std::uint64_t announced) noexcept {
    if (arrived >= announced) return arrived;
    return arrived + std::min(std::clamp(arrived, least_ahead, most_ahead), announced - arrived);
}

error_code store_space::look() noexcept {
    struct statvfs about{};
    if (::fstatvfs(directory_, &about) != 0) return last_error();
    // File systems that make inodes as they are needed say that they have none.
    const bool has_inodes = about.f_files != 0;
    inodes_.store(has_inodes ? about.f_favail : std::numeric_limits<std::uint64_t>::max(),
                  std::memory_order_relaxed);
    free_.store(static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize, std::memory_order_relaxed);
    return {};
}

store_space::usage store_space::current() const noexcept {
    const std::lock_guard guard(mutex_);
    return {stored(), claimed_, free_.load(std::memory_order_relaxed),
            inodes_.load(std::memory_order_relaxed) > 0};
}

std::uint64_t store_space::stored() const noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(stored_, 0));
}

result<store_space::claim> store_space::take(std::uint64_t bytes) {
    claim taken(this);
    if (const auto failed = taken.grow_to(bytes)) return failed;
    return taken;
}

result<store_space::claim> store_space::admit(std::int64_t announced) {
    const auto all = announced < 0 ? 0 : static_cast<std::uint64_t>(announced);
    const auto first = room_for(0, all);
    claim taken(this);
    if (const auto failed = set_aside(first, all)) return failed;
    taken.bytes_ = first;
    return taken;
}

error_code store_space::claim::grow_to(std::uint64_t bytes) {
    if (bytes <= bytes_) return {};
    if (const auto failed = owner_->set_aside(bytes - bytes_, bytes - bytes_)) return failed;
    bytes_ = bytes;
    return {};
}

void store_space::claim::occupy(std::uint64_t bytes) noexcept {
    const auto now = std::min(bytes, bytes_);
    if (now == occupied_) return;
    const std::lock_guard guard(owner_->mutex_);
    owner_->occupied_ = owner_->occupied_ - occupied_ + now;
    occupied_ = now;
}

error_code store_space::claim::cover(std::uint64_t arrived, std::int64_t announced) {
    if (arrived <= bytes_) return {};
    return grow_to(announced < 0 ? arrived : room_for(arrived, static_cast<std::uint64_t>(announced)));
}

void store_space::claim::begin_placing() noexcept {
    const std::lock_guard guard(owner_->mutex_);
    if (!std::exchange(is_placing_, true)) ++owner_->changing_;
    counted_ = owner_->counted_;
}

void store_space::claim::keep(std::uint64_t size, std::uint64_t replaced) noexcept {
    const std::lock_guard guard(owner_->mutex_);
    owner_->claimed_ -= std::exchange(bytes_, 0);
    owner_->occupied_ -= std::exchange(occupied_, 0);
    owner_->stored_ += static_cast<std::int64_t>(size);
    // A count meanwhile may not have seen the old file any more.
    if (!is_placing_ || counted_ == owner_->counted_) owner_->stored_ -= static_cast<std::int64_t>(replaced);
    owner_->added_ += size;
    ++owner_->changes_;
    if (std::exchange(is_placing_, false)) --owner_->changing_;
}

store_space::removal::removal(store_space& owner) noexcept
    : owner_(owner), counted_([&] {
          const std::lock_guard guard(owner.mutex_);
          ++owner.changing_;
          return owner.counted_;
      }()) {}

store_space::removal::~removal() {
    const std::lock_guard guard(owner_.mutex_);
    --owner_.changing_;
    ++owner_.changes_;
}

void store_space::removal::done(std::uint64_t size) noexcept {
    const std::lock_guard guard(owner_.mutex_);
    // A count meanwhile may not have seen it any more.
    if (owner_.counted_ == counted_) owner_.stored_ -= static_cast<std::int64_t>(size);
}

/// Sets `more` bytes aside, if `foreseen` would find room. Far from the floor, what uploads have written
/// counts twice, as claimed and as no longer free; near to it, only what they wrote since they said so.
error_code store_space::set_aside(std::uint64_t more, std::uint64_t foreseen) {
    const auto has_room = [&](std::uint64_t claimed, std::uint64_t spare, std::uint64_t inodes) {
        return free_.load(std::memory_order_relaxed) >= limits_.min_free + claimed + foreseen + spare &&
               inodes_.load(std::memory_order_relaxed) >= inodes;
    };
    std::uint64_t claimed = 0;
    std::uint64_t to_come = 0;
    {
        const std::lock_guard guard(mutex_);
        if (limits_.quota != 0 &&
            (stored() + claimed_ > limits_.quota || foreseen > limits_.quota - stored() - claimed_))
            return errc::quota_exceeded;
        claimed = claimed_;
        to_come = claimed_ - occupied_;
        claimed_ += more;
    }
    if (has_room(claimed, near_floor, few_inodes)) return {};
    auto failed = look();
    if (!failed && !has_room(to_come, 0, 1)) failed = errno_code(ENOSPC);
    if (failed) {
        const std::lock_guard guard(mutex_);
        claimed_ -= more;
    }
    return failed;
}

void store_space::give_back(const claim& ended) noexcept {
    const std::lock_guard guard(mutex_);
    claimed_ -= ended.bytes_;
    occupied_ -= ended.occupied_;
    if (!ended.is_placing_) return;
    --changing_;
    ++changes_;
}

error_code store_space::count() {
    if (limits_.quota == 0) return {};
    std::uint64_t changes = 0, added = 0;
    bool is_at_rest = false;
    {
        const std::lock_guard guard(mutex_);
        changes = changes_;
        added = added_;
        is_at_rest = changing_ == 0;
    }
    const auto bytes = bytes_below(directory_);
    if (!bytes) return bytes.error();
    const std::lock_guard guard(mutex_);
    is_at_rest = is_at_rest && changing_ == 0 && changes_ == changes;
    if (!is_at_rest && ++overtaken_ < 5) return {};
    stored_ = static_cast<std::int64_t>(*bytes + added_ - added);
    overtaken_ = 0;
    ++counted_;
    return {};
}

}  // namespace fairlead::files
