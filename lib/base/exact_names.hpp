#pragma once

#include <filesystem>

namespace fairlead {

/// Whether a file in `folder`, or in what is mounted below it, has more names than its folder lists: FAT,
/// NTFS, shares, mounts of macOS and folders of ext4 with `chattr +F` take them in any case, and some in
/// other spellings or by a short second name. What was decided by name is then decided for one of them only.
///
/// The flag of ext4 and its like is asked for; others are tried with names that are there, else with the
/// folder's own; where no name has a letter, the kind of the file system says it. Folders below that have the
/// flag and lie in one without it are not looked for. Of a folder that is not there yet the next one above
/// counts; false for one that cannot be read.
bool has_unlisted_names(std::filesystem::path folder);

}  // namespace fairlead
