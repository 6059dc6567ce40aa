#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "config/settings.hpp"

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::files {

/// How an unnamed temporary gets its name. Which form works depends on kernel, capabilities and `/proc`.
enum class link_form { empty_path, proc };

/// Choices that a test forces; the defaults let the probe at start decide.
struct upload_store_probe {
    bool may_use_unnamed = true;     ///< O_TMPFILE
    bool may_use_empty_path = true;  ///< linkat with AT_EMPTY_PATH
    bool may_use_proc = true;        ///< linkat from /proc/self/fd
};

/// The directory that documents are stored in, and the rules that make 201 a promise (lib/README.md,
/// durability): data synced before it has a name, the name synced before anybody is told. Thread safe; its
/// calls may block.
class upload_store {
public:
    /// Names that begin so are temporaries of ours: never served, swept at start.
    static constexpr std::string_view temporary_prefix = ".fairlead-tmp-";
    /// Of documents: readable for the group that processes uploads, for nobody else, and never executable.
    static constexpr mode_t document_mode = 0640;

    /// Opens `directory`, making it (durably) if needed; takes the lock that keeps a second writer out;
    /// sweeps what a crash left; syncs what a killed process may have left unsynced. Throws
    /// std::runtime_error that says what failed.
    upload_store(const std::filesystem::path& directory, config::durability wanted,
                 upload_store_probe probe = {});

    /// What 201 means here: `full` becomes `off` on a file system that cannot keep the promise (see
    /// `warnings`).
    config::durability effective() const noexcept { return effective_; }
    /// What the operator should know, one sentence each.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    /// True after a write or a sync failed with EIO or EROFS: the state of the disk is unknown, and stays so
    /// until a restart.
    bool writes_failed() const noexcept { return writes_failed_.load(std::memory_order_acquire); }
    /// Takes note of an error of a write, a link or a sync in the store, and returns it.
    error_code note(error_code failed) noexcept;

    /// Asks the file system whether a document of `size` bytes could be stored now; blocks. What it found is
    /// what `takes_documents` says from then on.
    void examine(std::uint64_t size) noexcept;
    /// False when the disk has failed, or when `examine` found no room, no directory, or no permission.
    bool takes_documents() const noexcept {
        return !writes_failed() && is_usable_.load(std::memory_order_relaxed);
    }

    /// Bytes that an unprivileged process may still write. Error: the errno of fstatvfs.
    result<std::uint64_t> free_bytes() const noexcept;
    /// True when documents can be created now: the directory has not been removed, and permissions and mount
    /// allow it.
    bool is_writable() const noexcept;

    /// Syncs the directory: returns when every name that was made or removed before the call is on the disk.
    /// Calls that overlap share one fsync, which began after the last of them; if it fails, it has failed for
    /// each of them.
    error_code sync_directory();

    int directory() const noexcept { return directory_.get(); }
    bool has_unnamed_temporaries() const noexcept { return unnamed_; }
    /// Gives the unnamed file `fd` its name. Errors: EEXIST and whatever linkat says.
    error_code link(int fd, const std::string& name) const noexcept;

private:
    void lock_against_others(const std::string& path);
    void sweep(const std::string& path) const;
    void judge_file_system(const std::string& path);
    bool try_unnamed(link_form form) const;
    error_code sync_once() noexcept;

    unique_fd directory_;
    unique_fd lock_file_;  // only where a directory cannot be locked
    config::durability effective_;
    bool unnamed_ = false;
    link_form form_ = link_form::empty_path;
    std::vector<std::string> warnings_;
    std::atomic<bool> writes_failed_{false};
    std::atomic<bool> is_usable_{true};

    // One fsync of the directory, shared by the calls that had come before it began.
    struct sync_round {
        bool is_done = false;
        error_code failed;
    };
    std::mutex mutex_;
    std::condition_variable round_done_;
    std::shared_ptr<sync_round> gathering_;  // the round that has not begun yet
    bool is_syncing_ = false;
};

/// Throws std::runtime_error when `directory`, wherever links lead, lies inside `root`: what is uploaded
/// there would be published, past every rule of uploads.
void refuse_inside(const std::filesystem::path& root, const std::filesystem::path& directory);

}  // namespace fairlead::files
