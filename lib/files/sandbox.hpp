#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace fairlead::files {

/// A directory that no path leaves: every open goes through openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS,
/// relative to one descriptor. The kernel decides, component by component, at the moment of the open; nothing that a
/// string check or an earlier look has said is relied on. A relative link that stays inside is followed; one that
/// leaves, and every absolute one, is EXDEV.
class sandbox {
public:
    /// An opened file, and where it really lies if a link led there.
    struct opened {
        unique_fd fd;
        std::string final_path;  ///< relative to the root; empty when no link was followed
    };

    /// Throws std::runtime_error that names `root`: it is not a readable directory, or the kernel has no openat2.
    static sandbox open(const std::filesystem::path& root);

    /// Opens `relative` (no leading slash) for reading; may wait for the disk. Never blocks on a FIFO. Errors: the
    /// errno of openat2; EAGAIN when renames kept interfering.
    result<opened> open_file(std::string_view relative) const;
    /// The same, only from the kernel's caches (RESOLVE_CACHED): EAGAIN when the disk would have to be asked.
    result<opened> open_file_now(std::string_view relative) const;

private:
    explicit sandbox(unique_fd root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}
    result<opened> open_with(std::string_view relative, std::uint64_t how_to_wait) const;
    result<std::string> final_path_of(int fd) const;

    unique_fd root_;
    std::string path_;  // canonical, for final_path_of()
};

}  // namespace fairlead::files
