#pragma once

#include "base/error.hpp"
#include "files/sandbox.hpp"
#include "http/listing_entry.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::files {

/// What clients may see of a directory, in the order in which the file system names it.
struct directory_contents {
    std::string lies_at;  ///< the directory itself, wherever a link led: as `relative`, empty is the root,
                          ///< else with a slash at its end
    std::vector<http::listing_entry> entries;
    bool is_truncated = false;  ///< there is more than was read
};

/// Says whether clients may know of what lies at `path`: relative to the root, without slashes at its ends,
/// empty for the root itself. Where links lead, it is the place that they lead to.
using entry_filter = std::function<bool(std::string_view path, http::entry_kind kind)>;

/// So many names are looked at for each entry that is asked for, so that names which are left out cannot make
/// a listing last.
inline constexpr std::size_t names_per_entry = 16;

/// Reads the directory `relative` (normalised, no leading slash, a trailing one is allowed; empty is the
/// root). Blocks: for a thread of the pool.
///
/// Left out: what `shows` denies, special files, names that no client can ask for (not UTF-8, a control byte,
/// a backslash), and symbolic links that leave the root, dangle, or lead to any of these. Kind, size and time
/// of a link are those of what it leads to. At most `most` entries are kept, and at most
/// `names_per_entry * most` names looked at; `is_truncated` says when that was not all.
///
/// Errors: the errno of the open or of the read; ENOTDIR for a file; ENOENT when `shows` denies the directory
/// itself; EMFILE, ENFILE or ENOMEM rather than a listing that lacks what could not be looked at.
result<directory_contents> read_directory(const sandbox& root, std::string_view relative,
                                          const entry_filter& shows, std::size_t most);

}  // namespace fairlead::files
