#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fairlead::files {

/// A directory that no path leaves: every open goes through openat2(2) with RESOLVE_BENEATH and
/// RESOLVE_NO_MAGICLINKS, relative to one descriptor. The kernel decides, component by component, at the
/// moment of the open; nothing that a string check or an earlier look has said is relied on. A relative link
/// that stays inside is followed; one that leaves, and every absolute one, is EXDEV.
class sandbox {
public:
    /// An opened file, and where it really lies if a link led there.
    struct opened {
        unique_fd fd;
        std::string final_path;  ///< relative to the root; empty when no link was followed
    };

    /// Throws std::runtime_error with what is wrong: `root` is no readable directory, or the kernel has no
    /// openat2.
    static sandbox open(const std::filesystem::path& root);

    /// Opens `relative` (no leading slash; empty is the root itself) for reading; may wait for the disk, but
    /// never for the other end of a FIFO. Errors: the errno of openat2 (ENOENT, EACCES, ENXIO for a socket,
    /// ...); EXDEV or ELOOP when a link leads out of the root or in circles; ENAMETOOLONG; ENOENT for a path
    /// with NUL in it, and for what no folder lists although it could be opened: a name like "HTACCE~1",
    /// which FAT and its like give to ".htaccess", too; errc::overloaded when renames in the tree kept
    /// interfering. A FIFO or a device is opened, too, before anybody sees what it is: keep none below a
    /// root.
    result<opened> open_file(std::string_view relative) const;
    /// The same, only from the kernel's caches: EAGAIN when the disk would have to be asked, for names that
    /// have to be looked for in their folder, and always on a kernel before 5.12, which has no
    /// RESOLVE_CACHED.
    result<opened> open_file_now(std::string_view relative) const;

private:
    sandbox(unique_fd root, bool has_cached_lookup, bool has_exact_names)
        : root_(std::move(root)), has_cached_lookup_(has_cached_lookup), has_exact_names_(has_exact_names) {}
    error_code find_listed_names(std::string_view relative) const;
    result<opened> open_once(std::string_view relative, std::uint64_t wait) const;
    result<opened> open_linked(const char* path, std::uint64_t wait) const;
    result<std::string> path_below_root(int fd) const;

    unique_fd root_;
    bool has_cached_lookup_;
    bool has_exact_names_;
};

}  // namespace fairlead::files
