#include "files/upload_store.hpp"

#include "base/random.hpp"
#include "files/file_info.hpp"
#include "files/sync_trust.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace fairlead::files {
namespace {

constexpr mode_t directory_mode = 0750;
constexpr const char* lock_name = ".fairlead-lock";

[[noreturn]] void fail(const std::string& what, const std::string& path) {
    throw std::runtime_error("uploads.directory: " + what + " " + path + ": " + std::strerror(errno));
}

void sync_path(const std::filesystem::path& path) {
    const unique_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) fail("cannot sync", path.string());
}

/// mkdir -p whose result survives a power loss: the parent is synced after each step, also when the directory
/// was there, since whoever made it may not have come so far.
void make_directories(const std::filesystem::path& path) {
    const auto parent = path.parent_path();
    if (!parent.empty() && parent != path && !std::filesystem::is_directory(parent)) make_directories(parent);
    if (::mkdir(path.c_str(), directory_mode) != 0 && errno != EEXIST) fail("cannot create", path.string());
    sync_path(parent.empty() ? std::filesystem::path(".") : parent);
}

/// Where `directory` is or will be: links followed, as the kernel does, and no slash at the end.
std::filesystem::path place_of(const std::filesystem::path& directory) {
    const auto place = std::filesystem::weakly_canonical(std::filesystem::absolute(directory));
    return place.has_filename() ? place : place.parent_path();
}

}  // namespace

upload_store::upload_store(const std::filesystem::path& directory, config::durability wanted,
                           upload_store_probe probe)
    : effective_(wanted) {
    const auto place = place_of(directory);
    if (!std::filesystem::is_directory(place)) make_directories(place);
    directory_.reset(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory_) fail("cannot open", place.string());
    if (::faccessat(directory_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
        fail("cannot write into", place.string());
    lock_against_others(place.string());
    sweep(place.string());
    if (probe.may_use_unnamed && probe.may_use_empty_path && try_unnamed(link_form::empty_path)) {
        unnamed_ = true;
    } else if (probe.may_use_unnamed && probe.may_use_proc && try_unnamed(link_form::proc)) {
        unnamed_ = true;
        form_ = link_form::proc;
    }
    judge_file_system(place.string());
    // Documents that a killed process had linked, but not synced, count as stored from here on.
    if (effective_ == config::durability::full && ::syncfs(directory_.get()) != 0)
        fail("cannot sync", place.string());
}

/// The lock lies on the directory itself, so that nothing of ours stands in it. NFS locks only what is open
/// for writing, which a directory never is: there it lies on a file.
void upload_store::lock_against_others(const std::string& path) {
    int failed = ::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (failed == EBADF || failed == EINVAL || failed == EISDIR) {
        lock_file_.reset(
            ::openat(directory_.get(), lock_name, O_CREAT | O_NOFOLLOW | O_RDWR | O_CLOEXEC, document_mode));
        failed = lock_file_ && ::flock(lock_file_.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    }
    if (failed == EWOULDBLOCK)
        throw std::runtime_error("uploads.directory: another server writes into " + path +
                                 "; give each its own directory");
    errno = failed;
    if (failed != 0) fail("cannot lock", path);
}

/// Removes what a crash left. Nobody else writes here, so every temporary is an orphan.
void upload_store::sweep(const std::string& path) const {
    unique_fd listed(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct close_directory {
        void operator()(DIR* which) const noexcept { ::closedir(which); }
    };
    const std::unique_ptr<DIR, close_directory> entries(listed ? ::fdopendir(listed.get()) : nullptr);
    if (!entries) fail("cannot list", path);
    (void)listed.release();  // closed with the stream
    for (;;) {
        errno = 0;
        const auto* entry = ::readdir(entries.get());
        if (!entry && errno != 0) fail("cannot list", path);
        if (!entry) return;
        if (!std::string_view(entry->d_name).starts_with(temporary_prefix)) continue;
        if (::unlinkat(directory_.get(), entry->d_name, 0) != 0 && errno != ENOENT)
            fail("cannot remove the left-over " + std::string(entry->d_name) + " from", path);
    }
}

bool upload_store::try_unnamed(link_form form) const {
    const unique_fd file(::openat(directory_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, document_mode));
    if (!file) return false;
    std::string name(temporary_prefix);
    name.resize(name.size() + 16);
    write_hex(next_random(), name.data() + temporary_prefix.size());
    const auto source = "/proc/self/fd/" + std::to_string(file.get());
    const int linked =
        form == link_form::empty_path
            ? ::linkat(file.get(), "", directory_.get(), name.c_str(), AT_EMPTY_PATH)
            : ::linkat(AT_FDCWD, source.c_str(), directory_.get(), name.c_str(), AT_SYMLINK_FOLLOW);
    if (linked != 0) return false;
    ::unlinkat(directory_.get(), name.c_str(), 0);
    return true;
}

error_code upload_store::link(int fd, const std::string& name) const noexcept {
    if (form_ == link_form::empty_path) {
        if (::linkat(fd, "", directory_.get(), name.c_str(), AT_EMPTY_PATH) == 0) return {};
        return last_error();
    }
    char source[32];
    std::snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    if (::linkat(AT_FDCWD, source, directory_.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
    return last_error();
}

/// A promise that the file system cannot keep is not made.
void upload_store::judge_file_system(const std::string& path) {
    const auto verdict = judge_syncs(directory_.get());
    if (!verdict) fail("cannot examine", path);
    if (verdict->is_container_layer)
        warnings_.push_back(
            "uploads.directory: " + path +
            " is in the container's own layer: documents are gone with the container; use a volume");
    if (verdict->why_syncs_mean_nothing.empty() || effective_ == config::durability::off) return;
    effective_ = config::durability::off;
    warnings_.push_back(
        "uploads.directory: " + path + " " + verdict->why_syncs_mean_nothing +
        ": 201 cannot mean that a document survives a power loss; answers say Fairlead-Durability: off");
}

error_code upload_store::note(error_code failed) noexcept {
    if (failed == boost::system::errc::io_error || failed == boost::system::errc::read_only_file_system)
        writes_failed_.store(true, std::memory_order_release);
    return failed;
}

void upload_store::examine(std::uint64_t size) noexcept {
    const auto space = free_bytes();
    is_usable_.store(space && *space >= size && is_writable(), std::memory_order_relaxed);
}

result<std::uint64_t> upload_store::free_bytes() const noexcept {
    struct statvfs about{};
    if (::fstatvfs(directory_.get(), &about) != 0) return last_error();
    return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
}

bool upload_store::is_writable() const noexcept {
    const auto now = inspect(directory_.get());
    return now && now->links > 0 && ::faccessat(directory_.get(), ".", W_OK | X_OK, AT_EACCESS) == 0;
}

/// What one fsync could not write is clean to the next one, which then succeeds for nothing: after EIO there
/// is none.
error_code upload_store::sync_once() noexcept {
    if (writes_failed()) return errno_code(EIO);
    return ::fsync(directory_.get()) == 0 ? error_code{} : note(last_error());
}

error_code upload_store::sync_directory() {
    std::unique_lock lock(mutex_);
    if (!gathering_) gathering_ = std::make_shared<sync_round>();
    const auto mine = gathering_;
    while (!mine->is_done) {
        if (is_syncing_) {
            round_done_.wait(lock);
            continue;
        }
        // No round runs and this one is not done, so it is still gathering. Whoever is in it changed the
        // directory before it came here; who comes from now on gets the next round.
        gathering_.reset();
        is_syncing_ = true;
        lock.unlock();
        const auto failed = sync_once();
        lock.lock();
        is_syncing_ = false;
        mine->is_done = true;
        mine->failed = failed;
        round_done_.notify_all();
    }
    return mine->failed;
}

void refuse_inside(const std::filesystem::path& root, const std::filesystem::path& directory) {
    // Identity, not spelling: this sees through links, "..", and a second mount of the root.
    for (auto path = place_of(directory);; path = path.parent_path()) {
        std::error_code not_there_yet;
        if (std::filesystem::equivalent(path, root, not_there_yet))
            throw std::runtime_error(
                "uploads.directory " + directory.string() + " lies inside root " + root.string() +
                ": everything uploaded would be published. Move it, or set uploads.inside_root");
        if (path == path.parent_path()) return;
    }
}

}  // namespace fairlead::files
