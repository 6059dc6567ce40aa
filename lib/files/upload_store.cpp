#include "files/upload_store.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "files/openat2.hpp"
#include "files/store_place.hpp"
#include "files/stored_digest.hpp"
#include "files/sync_time.hpp"
#include "files/sync_trust.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace fairlead::files {
namespace {

constexpr std::uint64_t directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// Links and other mounts inside a store are somebody else's: nothing is written through them.
constexpr std::uint64_t inside = linkless | RESOLVE_NO_XDEV;
constexpr const char* lock_name = ".fairlead-lock";

/// Names joined by single slashes, none of them "." or "..".
bool is_plain(std::string_view relative) {
    for (const auto name : split(relative, '/'))
        if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos)
            return false;
    return true;
}

}  // namespace

upload_store::upload_store(const std::filesystem::path& directory, config::durability wanted,
                           space_limits space, unnamed_file_forms allowed)
    : top_(std::make_shared<store_directory>(open_store_place(place_of(directory), directory_mode), health_)),
      effective_(wanted),
      space_(top_->get(), space) {
    const auto place = place_of(directory).string();
    lock_against_others(place);
    sweep(place);
    unnamed_ = unnamed_files(top_->get(), temporary_name(), allowed);
    keeps_digests_ = try_digest();
    judge_file_system(place);
    if (is_durable()) sync_time_ = try_sync();
    // Files that a killed process had linked, but not synced, count as stored from here on.
    if (is_durable() && ::syncfs(top_->get()) != 0) fail_at_start("cannot sync", place);
    if (const auto failed = settle(*top_)) fail_at_start("cannot sync", place, failed);
    if (const auto failed = space_.look()) fail_at_start("cannot ask for the free space of", place, failed);
    if (const auto failed = space_.count()) fail_at_start("cannot count the files in", place, failed);
}

/// The lock lies on the directory itself, so that nothing of ours stands in it. NFS locks only what is open
/// for writing, which a directory never is: there it lies on a file.
void upload_store::lock_against_others(const std::string& path) {
    int failed = ::flock(top_->get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (failed == EBADF || failed == EINVAL || failed == EISDIR) {
        lock_file_.reset(
            ::openat(top_->get(), lock_name, O_CREAT | O_NOFOLLOW | O_RDWR | O_CLOEXEC, file_mode));
        failed = lock_file_ && ::flock(lock_file_.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    }
    if (failed == EWOULDBLOCK)
        throw std::runtime_error("uploads.directory: another server writes into " + path +
                                 "; give each its own directory");
    if (failed != 0) fail_at_start("cannot lock", path, errno_code(failed));
}

/// Removes what a crash left. Nobody else writes here, so every temporary is an orphan: a file, or a folder
/// with the files of a form.
void upload_store::sweep(const std::string& path) const {
    namespace fs = std::filesystem;
    std::error_code failed;
    for (fs::directory_iterator next(path, failed), end; !failed && next != end; next.increment(failed)) {
        const auto name = next->path().filename().string();
        if (!name.starts_with(temporary_prefix)) continue;
        std::error_code kept;
        fs::remove_all(next->path(), kept);
        if (kept)
            throw std::runtime_error("uploads.directory: cannot remove the left-over " + name + " from " +
                                     path + ": " + kept.message());
    }
    if (failed) throw std::runtime_error("uploads.directory: cannot list " + path + ": " + failed.message());
}

/// Tried on a file that never gets a name; where there are no such files it is taken for possible.
bool upload_store::try_digest() const {
    const auto file = unnamed_files::open(top_->get(), file_mode);
    const auto info = file ? inspect(file.get()) : result<file_info>(errno_code(EOPNOTSUPP));
    if (!info) return true;
    return !is_errno(keep_digest(file.get(), *info, sha_hasher(sha_kind::sha256).finish()), ENOTSUP);
}

std::string upload_store::temporary_name() {
    std::string name(temporary_prefix);
    name.resize(name.size() + 16);
    write_hex(next_random(), name.data() + temporary_prefix.size());
    return name;
}

/// 0 where it cannot be tried. A disk that fails here has failed.
std::chrono::nanoseconds upload_store::try_sync() {
    const auto file = unnamed_files::open(top_->get(), file_mode);
    const auto time = file ? measure_sync(file.get()) : result<std::chrono::nanoseconds>(last_error());
    if (time) return *time;
    health_.note(time.error());
    return std::chrono::nanoseconds{0};
}

/// A promise that the file system cannot keep is not made.
void upload_store::judge_file_system(const std::string& path) {
    const auto verdict = judge_syncs(top_->get());
    if (!verdict) fail_at_start("cannot examine", path, verdict.error());
    if (verdict->is_container_layer)
        warnings_.push_back(
            "uploads.directory: " + path +
            " is in the container's own layer: documents are gone with the container; use a volume");
    if (verdict->why_syncs_mean_nothing.empty() || !is_durable()) return;
    effective_ = config::durability::off;
    warnings_.push_back(
        "uploads.directory: " + path + " " + verdict->why_syncs_mean_nothing +
        ": 201 cannot mean that a document survives a power loss; answers say Fairlead-Durability: off");
}

void upload_store::examine(std::uint64_t size) noexcept {
    const bool is_known = !space_.look();
    const auto now = space_.current();
    is_usable_.store(
        is_known && now.has_inodes && now.free >= space_.limits().min_free + size && is_writable(),
        std::memory_order_relaxed);
}

bool upload_store::is_writable() const noexcept {
    const auto now = inspect(top_->get());
    return now && now->links > 0 && ::faccessat(top_->get(), ".", W_OK | X_OK, AT_EACCESS) == 0;
}

result<std::shared_ptr<store_directory>> upload_store::open(std::string_view relative, bool may_create) {
    if (relative.empty()) return top_;
    if (!is_plain(relative)) return errno_code(EINVAL);
    const std::string path(relative);
    unique_fd opened(openat2(top_->get(), path.c_str(), directory_flags, inside));
    if (!opened && (errno != ENOENT || !may_create)) return last_error();
    std::shared_ptr<store_directory> directory;
    if (opened) {
        auto found = known(std::move(opened));
        if (!found) return found;
        directory = std::move(*found);
        if (directory->is_anchored() || !is_durable()) return directory;
    }
    const auto slash = relative.rfind('/');
    const bool is_below = slash != std::string_view::npos;
    const auto parent = open(is_below ? relative.substr(0, slash) : std::string_view(), may_create);
    if (!parent) return parent.error();
    const std::string name(is_below ? relative.substr(slash + 1) : relative);
    if (!directory) {
        const store_directory::change change(**parent);
        if (::mkdirat((*parent)->get(), name.c_str(), directory_mode) != 0 && errno != EEXIST)
            return health_.note(last_error());
        auto made = known(unique_fd(openat2((*parent)->get(), name.c_str(), directory_flags, inside)));
        if (!made) return made;
        directory = std::move(*made);
    }
    // Whoever made it may not have come so far, and what stands in it is gone when it is.
    if (const auto failed = settle(**parent)) return failed;
    directory->set_anchored();
    return directory;
}

/// The one object of this directory: by its identity, which no other one has while it is open.
result<std::shared_ptr<store_directory>> upload_store::known(unique_fd opened) {
    if (!opened) return last_error();
    const auto info = inspect(opened.get());
    if (!info) return info.error();
    const std::lock_guard guard(mutex_);
    auto& place = directories_[{info->device, info->inode}];
    auto directory = place.lock();
    if (!directory) {
        directory = std::make_shared<store_directory>(std::move(opened), health_);
        place = directory;
        std::erase_if(directories_, [](const auto& one) { return one.second.expired(); });
    }
    // Those of late are kept open, since an anchor costs a sync.
    auto& oldest = recent_[next_recent_++ % recent_.size()];
    if (std::find(recent_.begin(), recent_.end(), directory) == recent_.end()) oldest = directory;
    return directory;
}

result<std::optional<stored_entry>> upload_store::look(const store_directory& where,
                                                       const std::string& name) const {
    const unique_fd file(
        openat2(where.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, inside));
    if (!file && errno == ENOENT) return std::nullopt;
    stored_entry entry;
    entry.kind = file_kind::special;
    // A link, a socket, a mount.
    if (!file && (errno == ELOOP || errno == ENXIO || errno == EXDEV)) return entry;
    if (!file) return last_error();
    const auto info = inspect(file.get());
    if (!info) return info.error();
    entry.kind = info->kind;
    entry.size = info->size;
    entry.mtime_ns = info->mtime_ns;
    if (info->kind == file_kind::regular) entry.etag = entity_tag_of(file.get(), *info);
    return entry;
}

error_code upload_store::compare(const store_directory& where, const std::string& name,
                                 const sha_digest& mark, const sha_digest& content) const {
    const unique_fd file(openat2(where.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC, inside));
    if (!file) return last_error();
    const auto info = inspect(file.get());
    if (!info) return info.error();
    const auto verdict = [](bool is_same) {
        return is_same ? error_code{} : make_error_code(errc::precondition_failed);
    };
    if (info->kind != file_kind::regular) return verdict(false);
    if (const auto kept = kept_mark(file.get())) return verdict(*kept == mark);
    if (keeps_digests_) return verdict(false);
    sha_hasher hasher(sha_kind::sha256);
    std::vector<char> piece(64 * 1024);
    for (;;) {
        const auto n = ::read(file.get(), piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        if (n == 0) return verdict(hasher.finish() == content);
        hasher.update({piece.data(), static_cast<std::size_t>(n)});
    }
}

result<stored_entry> upload_store::remove(store_directory& where, const std::string& name,
                                          const name_condition& condition, std::string& indeterminate) {
    if (health_.has_failed()) return errno_code(EIO);
    const name_locks::held lock(locks_, {&where, name});
    auto current = look(where, name);
    if (!current) return current.error();
    if (*current && (*current)->kind != file_kind::regular) return errc::not_a_file;
    error_code refused;
    if (!*current)
        refused = errno_code(ENOENT);
    else if (condition && !condition(&**current))
        refused = errc::precondition_failed;
    if (refused) {
        // The client will rely on this state as on any other.
        const auto failed = settle(where);
        return failed ? failed : refused;
    }
    store_space::removal removal(space_);
    if (!is_durable()) {
        if (::unlinkat(where.get(), name.c_str(), 0) != 0) return health_.note(last_error());
        removal.done((*current)->size);
        return std::move(**current);
    }
    // Aside first: what cannot be synced can be brought back.
    const auto aside = temporary_name();
    {
        const store_directory::change change(where);
        if (::renameat(where.get(), name.c_str(), top_->get(), aside.c_str()) != 0)
            return health_.note(last_error());
    }
    if (const auto failed = where.sync()) {
        const store_directory::change change(where);
        const bool is_back =
            ::renameat2(top_->get(), aside.c_str(), where.get(), name.c_str(), RENAME_NOREPLACE) == 0 &&
            ::fsync(where.get()) == 0;
        if (!is_back) indeterminate = name;
        return failed;
    }
    ::unlinkat(top_->get(), aside.c_str(), 0);
    removal.done((*current)->size);
    return std::move(**current);
}

}  // namespace fairlead::files
