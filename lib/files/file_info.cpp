#include "files/file_info.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace fairlead::files {
namespace {

/// Since the epoch; what 64 bits cannot hold (before 1677 and after 2262, which file systems can) is clipped.
std::int64_t nanoseconds(const timespec& time) noexcept {
    constexpr std::int64_t most_seconds = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
    const auto seconds = std::clamp<std::int64_t>(time.tv_sec, -most_seconds, most_seconds);
    return seconds * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

result<file_info> inspect(int fd) noexcept {
    struct stat found{};
    if (::fstat(fd, &found) != 0) return last_error();
    file_info info;
    if (S_ISREG(found.st_mode))
        info.kind = file_kind::regular;
    else if (S_ISDIR(found.st_mode))
        info.kind = file_kind::directory;
    info.size = static_cast<std::uint64_t>(found.st_size);
    info.mtime_ns = nanoseconds(found.st_mtim);
    info.ctime_ns = nanoseconds(found.st_ctim);
    info.device = found.st_dev;
    info.inode = found.st_ino;
    info.links = found.st_nlink;
    return info;
}

std::string make_entity_tag(const file_info& info) {
    // Not by fmt, which takes ten times as long: every file that is opened or stored gets one.
    std::array<char, 1 + 4 * (16 + 1)> text;
    char* out = text.data();
    *out++ = '"';
    for (const auto number : {info.inode, info.size, static_cast<std::uint64_t>(info.mtime_ns),
                              static_cast<std::uint64_t>(info.ctime_ns)}) {
        out = std::to_chars(out, text.data() + text.size(), number, 16).ptr;
        *out++ = '-';
    }
    out[-1] = '"';
    return {text.data(), out};
}

}  // namespace fairlead::files
