#include "files/sandbox.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <array>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace fairlead::files {
namespace {

// Another thread that renames directories makes a walk through ".." of a link fail with EAGAIN (openat2(2)); measured
// at 7 % under a rename loop. So many tries leave nothing to see of it.
constexpr int rename_race_tries = 32;

/// glibc 2.36 has no wrapper.
int call_openat2(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) noexcept {
    open_how how{};
    how.flags = flags;
    how.resolve = resolve;
    for (;;) {
        const auto fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || errno != EINTR) return static_cast<int>(fd);
    }
}

constexpr std::uint64_t read_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr std::uint64_t confined = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;

}  // namespace

sandbox sandbox::open(const std::filesystem::path& root) {
    unique_fd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) throw std::runtime_error("cannot open the directory " + root.string() + ": " + std::strerror(errno));
    const unique_fd self(call_openat2(directory.get(), ".", read_flags, confined));
    if (!self && (errno == ENOSYS || errno == EPERM))
        throw std::runtime_error(
            "this kernel (or its seccomp filter) refuses openat2(2), which keeps every request inside its directory: "
            "Linux 5.6 or later is needed");
    if (!self) throw std::runtime_error("cannot use the directory " + root.string() + ": " + std::strerror(errno));
    return sandbox(std::move(directory), std::filesystem::canonical(root).string());
}

result<sandbox::opened> sandbox::open_file(std::string_view relative) const {
    for (int tries = 1;; ++tries) {
        auto file = open_with(relative, 0);
        if (file || file.error() != boost::system::errc::resource_unavailable_try_again || tries == rename_race_tries)
            return file;
    }
}

result<sandbox::opened> sandbox::open_file_now(std::string_view relative) const {
    return open_with(relative, RESOLVE_CACHED);
}

result<sandbox::opened> sandbox::open_with(std::string_view relative, std::uint64_t how_to_wait) const {
    std::array<char, PATH_MAX> path;
    if (relative.empty()) relative = ".";
    if (relative.size() >= path.size()) return errno_code(ENAMETOOLONG);
    std::memcpy(path.data(), relative.data(), relative.size());
    path[relative.size()] = '\0';

    // Most paths have no link. Those that do are opened once more, and then asked where they ended.
    opened file;
    file.fd.reset(call_openat2(root_.get(), path.data(), read_flags, confined | RESOLVE_NO_SYMLINKS | how_to_wait));
    if (file.fd) return file;
    if (errno != ELOOP) return last_error();
    file.fd.reset(call_openat2(root_.get(), path.data(), read_flags, confined | how_to_wait));
    if (!file.fd) return last_error();
    auto where = final_path_of(file.fd.get());
    if (!where) return where.error();
    file.final_path = std::move(*where);
    return file;
}

/// Where an opened file lies now. EXDEV when it was moved out of the root in the meantime, or the root was moved.
result<std::string> sandbox::final_path_of(int fd) const {
    std::array<char, PATH_MAX> target;
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), target.data(), target.size());
    if (length < 0) return last_error();
    const std::string_view whole(target.data(), static_cast<std::size_t>(length));
    const auto root = path_ == "/" ? std::string_view() : std::string_view(path_);
    if (!whole.starts_with(root) || whole.size() <= root.size() || whole[root.size()] != '/') return errno_code(EXDEV);
    return std::string(whole.substr(root.size() + 1));
}

}  // namespace fairlead::files
