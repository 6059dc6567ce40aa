#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace fairlead::files {

/// Throws the std::runtime_error that ends a start: what could not be done with the path, and why.
[[noreturn]] void fail_at_start(const std::string& what, const std::string& path,
                                error_code why = last_error());

/// Where a directory of uploads is or will be: links followed, as the kernel does, and no slash at the end.
std::filesystem::path place_of(const std::filesystem::path& directory);

/// Opens the directory at `place`. One that is missing is made with `mode`, and the ones above it, so that
/// they survive a power loss. Throws (`fail_at_start`), also when this user may not write into it.
unique_fd open_store_place(const std::filesystem::path& place, mode_t mode);

/// Throws std::runtime_error when one of two directories of uploads, wherever links lead, lies inside the
/// other: each would take the other's files for its own.
void refuse_nested(const std::filesystem::path& one, const std::filesystem::path& other);

/// Throws std::runtime_error when `directory`, wherever links lead, lies inside `root`, or `root` inside of
/// it: what is uploaded there would be published, past every rule of uploads.
void refuse_overlap(const std::filesystem::path& root, const std::filesystem::path& directory);

}  // namespace fairlead::files
