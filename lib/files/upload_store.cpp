#include "files/upload_store.hpp"

#include "base/random.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace fairlead::files {
namespace {

constexpr mode_t directory_mode = 0750;

[[noreturn]] void fail(const std::string& what, const std::string& path) {
    throw std::runtime_error("uploads.directory: " + what + " " + path + ": " + std::strerror(errno));
}

void sync_path(const std::filesystem::path& path) {
    const unique_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) fail("cannot sync", path.string());
}

/// mkdir -p whose result survives a power loss: the parent is synced after each step, also when the directory was
/// there, since whoever made it may not have come so far.
void make_directories(const std::filesystem::path& path) {
    const auto parent = path.parent_path();
    if (!parent.empty() && parent != path && !std::filesystem::is_directory(parent)) make_directories(parent);
    if (::mkdir(path.c_str(), directory_mode) != 0 && errno != EEXIST) fail("cannot create", path.string());
    sync_path(parent.empty() ? std::filesystem::path(".") : parent);
}

/// Super options and mount options of the mount that `path` lies on, joined by commas (proc(5), mountinfo).
std::string mount_options(const std::string& path) {
    std::ifstream table("/proc/self/mountinfo");
    std::string best_point, best_options;
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::string id, parent, device, root, point, options, word, last;
        words >> id >> parent >> device >> root >> point >> options;
        while (words >> word) last = word;
        const bool covers = path == point || point == "/" || path.starts_with(point + "/");
        if (!covers || point.size() < best_point.size()) continue;
        best_point = point;
        best_options = "," + options + "," + last + ",";
    }
    return best_options;
}

}  // namespace

upload_store::upload_store(const std::filesystem::path& directory, config::durability wanted, upload_store_probe probe)
    : effective_(wanted) {
    const auto absolute = std::filesystem::absolute(directory).lexically_normal();
    const auto trimmed = absolute.has_filename() ? absolute : absolute.parent_path();
    if (!std::filesystem::is_directory(trimmed)) make_directories(trimmed);
    directory_.reset(::open(trimmed.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory_) fail("cannot open", trimmed.string());
    if (::faccessat(directory_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) fail("cannot write into", trimmed.string());
    lock_against_others(trimmed.string());
    sweep();
    if (probe.may_use_unnamed && probe.may_use_empty_path && try_unnamed(link_form::empty_path)) {
        unnamed_ = true;
    } else if (probe.may_use_unnamed && probe.may_use_proc && try_unnamed(link_form::proc)) {
        unnamed_ = true;
        form_ = link_form::proc;
    }
    judge_file_system(std::filesystem::canonical(trimmed).string());
    // Documents that a killed process had linked, but not synced, count as stored from here on.
    if (effective_ == config::durability::full && ::syncfs(directory_.get()) != 0) fail("cannot sync", trimmed.string());
}

void upload_store::lock_against_others(const std::string& path) {
    if (::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK)
        throw std::runtime_error("uploads.directory: another server writes into " + path +
                                 "; give each its own directory");
    fail("cannot lock", path);
}

/// Removes what a crash left. Nobody else writes here, so every temporary is an orphan.
void upload_store::sweep() const {
    unique_fd copy(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct close_directory {
        void operator()(DIR* which) const noexcept { ::closedir(which); }
    };
    const std::unique_ptr<DIR, close_directory> entries(::fdopendir(copy.get()));
    if (!entries) return;
    (void)copy.release();  // closed with the stream
    while (const auto* entry = ::readdir(entries.get()))
        if (std::string_view(entry->d_name).starts_with(temporary_prefix)) ::unlinkat(directory_.get(), entry->d_name, 0);
}

bool upload_store::try_unnamed(link_form form) const {
    const unique_fd file(::openat(directory_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640));
    if (!file) return false;
    std::string name(temporary_prefix);
    name.resize(name.size() + 16);
    write_hex(next_random(), name.data() + temporary_prefix.size());
    const auto source = "/proc/self/fd/" + std::to_string(file.get());
    const int linked = form == link_form::empty_path
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
    struct statfs about {};
    if (::fstatfs(directory_.get(), &about) != 0) fail("cannot examine", path);
    const auto options = mount_options(path);
    const auto has = [&](std::string_view option) { return options.find("," + std::string(option) + ",") != std::string::npos; };
    std::string why;
    switch (static_cast<unsigned long>(about.f_type)) {
        case TMPFS_MAGIC:
        case RAMFS_MAGIC: why = "is in memory"; break;
        case NFS_SUPER_MAGIC: why = "is on NFS, whose server may answer before it has written"; break;
        case OVERLAYFS_SUPER_MAGIC:
            if (has("volatile")) why = "is on an overlay that is mounted volatile";
            else warnings_.push_back("uploads.directory: " + path +
                                     " is in the container's own layer: documents are gone with the container; use a volume");
            break;
        default: break;
    }
    if (has("nobarrier") || has("barrier=0")) why = "is mounted without write barriers";
    if (why.empty() || effective_ == config::durability::off) return;
    effective_ = config::durability::off;
    warnings_.push_back("uploads.directory: " + path + " " + why +
                        ": 201 cannot mean that a document survives a power loss; answers say Fairlead-Durability: off");
}

error_code upload_store::sync_directory() {
    std::unique_lock lock(mutex_);
    const auto mine = ++requested_;
    while (synced_ < mine) {
        if (writes_failed()) return errno_code(EIO);
        if (is_syncing_) {
            synced_changed_.wait(lock);
            continue;
        }
        is_syncing_ = true;
        const auto covered = requested_;  // whoever has asked by now made its change before this fsync
        lock.unlock();
        const auto failed = ::fsync(directory_.get()) == 0 ? error_code{} : last_error();
        lock.lock();
        is_syncing_ = false;
        if (failed) latch_failure();
        else synced_ = covered;
        synced_changed_.notify_all();
        if (failed) return failed;
    }
    return {};
}

void refuse_inside(const std::filesystem::path& root, const std::filesystem::path& directory) {
    const auto outer = std::filesystem::canonical(root);
    const auto inner = std::filesystem::weakly_canonical(std::filesystem::absolute(directory));
    for (auto path = inner;; path = path.parent_path()) {
        if (path == outer)
            throw std::runtime_error("uploads.directory " + inner.string() + " lies inside root " + outer.string() +
                                     ": everything uploaded would be published. Move it, or set uploads.inside_root");
        if (path == path.parent_path()) return;
    }
}

}  // namespace fairlead::files
