#pragma once

#include "base/error.hpp"

#include <chrono>

namespace fairlead::files {

/// What it takes to bring a few bytes of `file`, which is open for writing and empty, to the disk: the least
/// of three times, since others may be using the disk. Blocks. Errors: those of write and fdatasync.
result<std::chrono::nanoseconds> measure_sync(int file);

}  // namespace fairlead::files
