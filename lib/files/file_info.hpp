#pragma once

#include "base/error.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace fairlead::files {

enum class file_kind { regular, directory, special };

/// What one `fstat` of an opened descriptor says.
struct file_info {
    file_kind kind = file_kind::special;
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;  ///< since the epoch
    std::int64_t ctime_ns = 0;
    dev_t device = 0;
    ino_t inode = 0;
    nlink_t links = 0;  ///< names that the file has; 0 when it was removed meanwhile
    bool operator==(const file_info&) const = default;
};

/// Error: the errno of fstat.
result<file_info> inspect(int fd) noexcept;

/// A strong entity tag (RFC 9110 section 8.8.3) with its quotes: inode, size, mtime and ctime in nanoseconds,
/// hexadecimal. The ctime is there because all else can be as it was when the content is another: `cp -p`,
/// `rsync -t` and builds with fixed dates set times, and file systems use inodes again.
std::string make_entity_tag(const file_info& info);

}  // namespace fairlead::files
