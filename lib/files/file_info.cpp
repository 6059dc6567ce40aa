#include "files/file_info.hpp"

#include "base/file_time.hpp"

#include <sys/stat.h>

#include <array>
#include <charconv>

namespace fairlead::files {

result<file_info> inspect(int fd) noexcept {
    struct stat found{};
    if (::fstat(fd, &found) != 0) return last_error();
    file_info info;
    if (S_ISREG(found.st_mode))
        info.kind = file_kind::regular;
    else if (S_ISDIR(found.st_mode))
        info.kind = file_kind::directory;
    info.size = static_cast<std::uint64_t>(found.st_size);
    info.mtime_ns = nanoseconds_of(found.st_mtim);
    info.ctime_ns = nanoseconds_of(found.st_ctim);
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
