#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <string_view>

namespace fairlead {

/// A new file without a name in the folder for temporary files (TMPDIR), which goes when its last descriptor
/// is closed. Blocks. Error: the errno.
result<unique_fd> open_scratch_file();

/// Writes all of `bytes` at the place of the descriptor, or as far as it comes. Blocks. Error: the errno.
error_code write_all(int fd, std::string_view bytes);

}  // namespace fairlead
