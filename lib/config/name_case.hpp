#pragma once

#include "config/settings.hpp"

#include <filesystem>
#include <optional>
#include <string>

/// File systems on which one file has many names: who asks for "/PRIVATE" gets what lies in "/private", and
/// every rule has judged another name.
namespace fairlead::config {

/// Whether names in the folder are taken in any case. That of ext4 and its like is asked for (chattr +F);
/// others are tried with names that are there, else with the folder's own. False for what cannot be read.
bool ignores_case(const std::filesystem::path& folder);

/// Why rules of access do not hold in `directory`, which stands at `path` of a site ("" or "/route"), or
/// nothing: they tell paths apart, and a file system there does not. Looked at are the folder, those below it
/// that the rules name, and what is mounted below it. `is_route` says that the rules are those of a route,
/// which tells its path from others.
std::optional<std::string> find_rules_without_case(const named_values& access, bool is_route,
                                                   const std::string& path, const std::string& directory);

}  // namespace fairlead::config
