#pragma once

#include "config/load.hpp"

namespace fairlead::config {

/// What the configuration names and cannot be used as it is now: a root that is no readable directory, a file
/// or interpreter that is missing, scripts that others would send or write, a folder of uploads or a log that
/// cannot be made or written, rules for some of the uploads on a file system that takes names in any case, an
/// algorithm that the kernel does not have. An error for each, with its place. Reads folders, and makes
/// nothing.
config_errors check_places(const loaded& configuration);

}  // namespace fairlead::config
