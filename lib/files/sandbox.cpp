#include "files/sandbox.hpp"

#include "base/exact_names.hpp"
#include "base/open_folder.hpp"
#include "files/openat2.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <stdexcept>

namespace fairlead::files {
namespace {

// Whoever renames directories meanwhile makes a walk through the ".." of a link fail with EAGAIN
// (openat2(2)); measured at 7 % under a rename loop. So many tries leave nothing to see of it.
constexpr int rename_race_tries = 32;

constexpr std::uint64_t read_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

/// The absolute path of an open file, as this process sees it (proc(5)).
result<std::string> path_of(int fd) {
    std::array<char, PATH_MAX> target;
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), target.data(), target.size());
    // Without /proc nobody knows where a link led, so none is followed.
    if (length < 0) return errno_code(ELOOP);
    return std::string(target.data(), static_cast<std::size_t>(length));
}

bool is_again(const error_code& error) noexcept {
    return error == boost::system::errc::resource_unavailable_try_again;
}

}  // namespace

sandbox sandbox::open(const std::filesystem::path& root) {
    unique_fd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        throw std::runtime_error("cannot open the directory " + root.string() + ": " + std::strerror(errno));
    const unique_fd self(openat2(directory.get(), ".", read_flags, linkless));
    if (!self && (errno == ENOSYS || errno == EPERM))
        throw std::runtime_error(
            "this kernel (or its seccomp filter) refuses openat2(2), which keeps every request inside its "
            "directory: "
            "Linux 5.6 or later is needed");
    if (!self)
        throw std::runtime_error("cannot use the directory " + root.string() + ": " + std::strerror(errno));
    const unique_fd cached(openat2(directory.get(), ".", read_flags, linkless | RESOLVE_CACHED));
    return {std::move(directory), cached || errno != EINVAL, !has_unlisted_names(root)};
}

result<sandbox::opened> sandbox::open_file(std::string_view relative) const {
    for (int tries = 0; tries < rename_race_tries; ++tries) {
        auto file = open_once(relative, 0);
        if (file && !has_exact_names_) {
            if (const auto unlisted = find_listed_names(relative)) file = unlisted;
        }
        if (file || !is_again(file.error())) return file;
    }
    return make_error_code(errc::overloaded);
}

result<sandbox::opened> sandbox::open_file_now(std::string_view relative) const {
    if (!has_cached_lookup_ || !has_exact_names_) return errno_code(EAGAIN);
    return open_once(relative, RESOLVE_CACHED);
}

/// `wait` is 0, or RESOLVE_CACHED for only what needs no disk.
result<sandbox::opened> sandbox::open_once(std::string_view relative, std::uint64_t wait) const {
    std::array<char, PATH_MAX> path;
    if (relative.empty()) relative = ".";
    if (relative.size() >= path.size()) return errno_code(ENAMETOOLONG);
    // The kernel would open what stands before the NUL, and every rule would have judged what stands behind
    // it.
    if (std::memchr(relative.data(), '\0', relative.size())) return errno_code(ENOENT);
    std::memcpy(path.data(), relative.data(), relative.size());
    path[relative.size()] = '\0';

    // Most paths have no link in them, and then their name is the file's (or one of its names: then
    // `has_exact_names_` is false): one call.
    opened file;
    file.fd.reset(openat2(root_.get(), path.data(), read_flags, linkless | wait));
    if (file.fd) return file;
    if (errno != ELOOP) return last_error();
    return open_linked(path.data(), wait);
}

/// ENOENT when a name on the way is not one that its folder lists.
error_code sandbox::find_listed_names(std::string_view relative) const {
    for (std::size_t begin = 0; begin < relative.size();) {
        const auto end = std::min(relative.find('/', begin), relative.size());
        const auto name = relative.substr(begin, end - begin);
        const auto above = begin > 0 ? std::string(relative.substr(0, begin - 1)) : ".";
        const auto folder = read_folder(
            unique_fd(openat2(root_.get(), above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, confined)));
        if (!folder) return last_error();
        if (!is_listed(folder.get(), name)) return errno_code(ENOENT);
        begin = end + 1;
    }
    return {};
}

/// Finds out where the links lead, then opens that place by its own name. So the name on which the caller
/// decides (hidden? an extension that is served?) is the name of what was opened, whatever is exchanged
/// meanwhile.
result<sandbox::opened> sandbox::open_linked(const char* path, std::uint64_t wait) const {
    const unique_fd target(openat2(root_.get(), path, O_PATH | O_CLOEXEC, confined | wait));
    if (!target) return last_error();
    auto where = path_below_root(target.get());
    if (!where) return where.error();
    opened file;
    file.final_path = std::move(*where);
    const auto* name = file.final_path.empty() ? "." : file.final_path.c_str();
    file.fd.reset(openat2(root_.get(), name, read_flags, linkless | wait));
    if (file.fd) return file;
    // It was there a moment ago: somebody moved it.
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return errno_code(EAGAIN);
    return last_error();
}

/// Where an opened file lies, relative to the root, wherever that has been moved to. EXDEV when it lies
/// outside.
result<std::string> sandbox::path_below_root(int fd) const {
    const auto whole = path_of(fd);
    const auto root = path_of(root_.get());
    if (!whole || !root) return errno_code(ELOOP);
    if (*whole == *root) return std::string();
    const auto above = *root == "/" ? std::string_view() : std::string_view(*root);
    if (!whole->starts_with(above) || (*whole)[above.size()] != '/') return errno_code(EXDEV);
    return whole->substr(above.size() + 1);
}

}  // namespace fairlead::files
