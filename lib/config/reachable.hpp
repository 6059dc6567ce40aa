#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Where clients may read or replace files.
namespace fairlead::config {

/// A directory that is published, or takes uploads.
struct reachable_folder {
    std::string_view setting;  ///< that says so: "root" or "uploads.directory"
    std::string directory;
};

/// Those of all levels.
std::vector<reachable_folder> reachable_folders(const settings& all);

/// The first one that `file` lies in, as is_inside() says; nullptr: in none.
const reachable_folder* find_around(const std::string& file, const std::vector<reachable_folder>& folders);

}  // namespace fairlead::config
