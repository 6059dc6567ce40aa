#pragma once

#include "config/cross_checks.hpp"

#include <vector>

namespace fairlead::config {

/// What would send scripts as files, or run what was uploaded: a root that lies around, inside or at one with
/// scripts, and serves their extension; an upload directory below a root with scripts, whatever
/// `uploads.inside_root` says. One for each, which names both. Looks at where links lead.
std::vector<contradiction> find_exposed_scripts(const settings& all);

}  // namespace fairlead::config
