#pragma once

#include "base/error.hpp"
#include "base/sha.hpp"
#include "base/unique_fd.hpp"
#include "config/settings.hpp"
#include "files/file_info.hpp"
#include "files/name_locks.hpp"
#include "files/store_directory.hpp"
#include "files/store_space.hpp"
#include "files/unnamed_files.hpp"

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::files {

/// What has a name at the moment.
struct stored_entry {
    file_kind kind = file_kind::regular;  ///< `special` for a link, too: none is followed
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::string etag;  ///< with its quotes; empty unless regular
};

/// Whether an operation may go on, given the regular file that has the name; nullptr: there is none.
using name_condition = std::function<bool(const stored_entry* current)>;

/// The directory that uploads are stored in, and the rules that make an answer a promise (lib/README.md,
/// durability): data synced before it has a name, the name synced before anybody is told. Thread safe; its
/// calls may block.
class upload_store {
public:
    /// Names that begin so are temporaries of ours: never served, swept at start. All of them stand in the
    /// store's own directory, none in one below.
    static constexpr std::string_view temporary_prefix = ".fairlead-tmp-";
    /// Of files: readable for the group that processes uploads, for nobody else, and never executable.
    static constexpr mode_t file_mode = 0640;
    static constexpr mode_t directory_mode = 0750;

    /// Opens `directory`, making it (durably) if needed; takes the lock that keeps a second writer out;
    /// sweeps what a crash left; syncs what a killed process may have left unsynced; counts what is there, if
    /// there is a quota. Throws std::runtime_error that says what failed.
    upload_store(const std::filesystem::path& directory, config::durability wanted, space_limits space = {},
                 unnamed_file_forms allowed = {});

    /// What 201 means here: `full` becomes `off` on a file system that cannot keep the promise (see
    /// `warnings`).
    config::durability effective() const noexcept { return effective_; }
    bool is_durable() const noexcept { return effective_ == config::durability::full; }
    /// What the operator should know, one sentence each.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    /// False where the file system has no place for the digest of a file: entity tags are made of metadata
    /// there.
    bool keeps_digests() const noexcept { return keeps_digests_; }

    /// What one sync of a few bytes took when the store was opened, at best; 0 when that is not known.
    std::chrono::nanoseconds sync_time() const noexcept { return sync_time_; }

    disk_health& health() noexcept { return health_; }
    const disk_health& health() const noexcept { return health_; }
    store_space& space() noexcept { return space_; }

    /// Asks the file system whether a file of `size` bytes could be stored now; blocks. What it found is
    /// what `takes_uploads` says from then on.
    void examine(std::uint64_t size) noexcept;
    /// False when the disk has failed, or when `examine` found no room, no directory, or no permission.
    bool takes_uploads() const noexcept {
        return !health_.has_failed() && is_usable_.load(std::memory_order_relaxed);
    }
    /// True when files can be created now: the directory has not been removed, and permissions and mount
    /// allow it.
    bool is_writable() const noexcept;

    /// The store's own directory.
    const std::shared_ptr<store_directory>& top() const noexcept { return top_; }
    /// The directory at `relative` (no leading slash; empty is the store's own), reached without following
    /// any link and without leaving the mount. With `may_create` missing ones are made. If the store is
    /// durable, all of them are on the disk when this returns. Errors: ENOENT, ENOTDIR, ELOOP (a link), EXDEV
    /// (another mount), and those of mkdir and fsync.
    result<std::shared_ptr<store_directory>> open(std::string_view relative, bool may_create);

    /// Brings what others may see in `where` to the disk, if the store is durable: before anybody is told of
    /// it. Errors: those of store_directory::sync.
    error_code settle(store_directory& where) const { return is_durable() ? where.sync() : error_code{}; }

    /// What has `name` in `where` now. Error: the errno of open, other than ENOENT.
    result<std::optional<stored_entry>> look(const store_directory& where, const std::string& name) const;

    /// Nothing when the file `name` came with the request that has this mark; where marks cannot be kept,
    /// when it has this content. Errors: errc::precondition_failed when it did not; those of open and read.
    error_code compare(const store_directory& where, const std::string& name, const sha_digest& mark,
                       const sha_digest& content) const;

    /// Removes the file `name`, if `condition` (when set) lets it; what it returns was there. With `full` the
    /// removal is on the disk when this returns; so is what an error ENOENT or errc::precondition_failed
    /// rests on. Errors: ENOENT, errc::not_a_file, errc::precondition_failed, and those of the file system:
    /// then the file is there again, unless `indeterminate` names it.
    result<stored_entry> remove(store_directory& where, const std::string& name,
                                const name_condition& condition, std::string& indeterminate);

    /// What temporaries are, where they are possible.
    const unnamed_files& unnamed() const noexcept { return unnamed_; }
    /// A name for a temporary that nobody has.
    static std::string temporary_name();
    name_locks& locks() noexcept { return locks_; }

private:
    void lock_against_others(const std::string& path);
    void sweep(const std::string& path) const;
    void judge_file_system(const std::string& path);
    bool try_digest() const;
    std::chrono::nanoseconds try_sync();
    result<std::shared_ptr<store_directory>> known(unique_fd opened);

    disk_health health_;
    std::shared_ptr<store_directory> top_;
    unique_fd lock_file_;  // only where a directory cannot be locked
    config::durability effective_;
    std::chrono::nanoseconds sync_time_{0};
    unnamed_files unnamed_;
    bool keeps_digests_ = true;
    std::vector<std::string> warnings_;
    std::atomic<bool> is_usable_{true};
    store_space space_;
    name_locks locks_;
    std::mutex mutex_;
    std::map<std::pair<dev_t, ino_t>, std::weak_ptr<store_directory>> directories_;  // that are in use
    std::array<std::shared_ptr<store_directory>, 32> recent_;
    std::size_t next_recent_ = 0;
};

}  // namespace fairlead::files
