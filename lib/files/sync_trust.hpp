#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace fairlead::files {

/// Whether a successful fsync means that the bytes survive a power loss.
struct sync_trust {
    std::string why_syncs_mean_nothing;  ///< "is in memory", ...; empty when they can be trusted
    bool is_container_layer = false;     ///< on an overlay: as short-lived as its container
};

/// Judges by the type of the file system (`f_type` of statfs(2)) and the options of its mount, both kinds,
/// joined by commas.
sync_trust judge_syncs(unsigned long type, std::string_view options);

/// Judges the file system that `directory` is on. Error: the errno of fstatfs.
result<sync_trust> judge_syncs(int directory);

/// The options of the mount `id` in the text of /proc/self/mountinfo (proc(5)): its own and those of the file
/// system, joined by a comma. Empty when there is no such mount.
std::string mount_options(std::string_view mountinfo, std::string_view id);

}  // namespace fairlead::files
