#pragma once

#include "config/load.hpp"

#include <string>

namespace fairlead::config {

/// The configuration in force, as a file that load() accepts and that gives the same settings: every key, and
/// behind each a comment that says where its value came from. This is what `-T` prints.
std::string effective_text(const loaded& configuration);

}  // namespace fairlead::config
