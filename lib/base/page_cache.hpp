#pragma once

#include "base/error.hpp"

#include <cstdint>

namespace fairlead {

/// True when the last of `length` bytes from `offset` of `fd` can be read without waiting for the disk (preadv2 with
/// RWF_NOWAIT): a sample, since asking for every page would cost more than it saves, and the kernel reads ahead up to
/// the end of a slice that was read in order. File systems that cannot tell count as resident.
bool is_resident(int fd, std::uint64_t offset, std::uint64_t length) noexcept;

/// Brings `length` bytes from `offset` into the page cache; blocks. Errors: the file's errno (EIO).
error_code read_ahead(int fd, std::uint64_t offset, std::uint64_t length) noexcept;

}  // namespace fairlead
