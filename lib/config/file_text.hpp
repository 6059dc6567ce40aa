#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace fairlead::config {

/// The content of a file, pipe or device of at most `most` bytes. Errors: of open and read; errc::too_large.
result<std::string> read_text(const std::filesystem::path& name, std::size_t most);

}  // namespace fairlead::config
