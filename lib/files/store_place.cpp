#include "files/store_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

namespace fairlead::files {
namespace {

void sync_path(const std::filesystem::path& path) {
    const unique_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) fail_at_start("cannot sync", path.string());
}

/// mkdir -p whose result survives a power loss: the parent is synced after each step, also when the directory
/// was there, since whoever made it may not have come so far.
void make_directories(const std::filesystem::path& path, mode_t mode) {
    const auto parent = path.parent_path();
    if (!parent.empty() && parent != path && !std::filesystem::is_directory(parent))
        make_directories(parent, mode);
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail_at_start("cannot create", path.string());
    sync_path(parent.empty() ? std::filesystem::path(".") : parent);
}

/// Whether `inner` is `outer` or lies below it. By identity, not by spelling: this sees through links, "..",
/// and a second mount.
bool lies_inside(const std::filesystem::path& inner, const std::filesystem::path& outer) {
    for (auto path = place_of(inner);; path = path.parent_path()) {
        std::error_code not_there_yet;
        if (std::filesystem::equivalent(path, outer, not_there_yet)) return true;
        if (path == path.parent_path()) return false;
    }
}

}  // namespace

void fail_at_start(const std::string& what, const std::string& path, error_code why) {
    throw std::runtime_error("uploads.directory: " + what + " " + path + ": " + why.message());
}

std::filesystem::path place_of(const std::filesystem::path& directory) {
    const auto place = std::filesystem::weakly_canonical(std::filesystem::absolute(directory));
    return place.has_filename() ? place : place.parent_path();
}

unique_fd open_store_place(const std::filesystem::path& place, mode_t mode) {
    if (!std::filesystem::is_directory(place)) make_directories(place, mode);
    unique_fd directory(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) fail_at_start("cannot open", place.string());
    if (::faccessat(directory.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
        fail_at_start("cannot write into", place.string());
    return directory;
}

void refuse_nested(const std::filesystem::path& one, const std::filesystem::path& other) {
    if (lies_inside(one, other) || lies_inside(other, one))
        throw std::runtime_error("uploads.directory: " + one.string() + " and " + other.string() +
                                 " lie inside of each other; give each its own directory");
}

void refuse_overlap(const std::filesystem::path& root, const std::filesystem::path& directory) {
    if (lies_inside(directory, root))
        throw std::runtime_error("uploads.directory " + directory.string() + " lies inside root " +
                                 root.string() +
                                 ": everything uploaded would be published. Move it, or set "
                                 "uploads.inside_root");
    if (lies_inside(root, directory))
        throw std::runtime_error("root " + root.string() + " lies inside uploads.directory " +
                                 directory.string() +
                                 ": what is published could be changed by uploads. Move it, or set "
                                 "uploads.inside_root");
}

}  // namespace fairlead::files
