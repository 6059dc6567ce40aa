#pragma once

#include <linux/openat2.h>

#include <cstdint>

namespace fairlead::files {

/// openat2(2), for which glibc 2.36 has no wrapper; begun again after EINTR. -1 and errno like openat().
int openat2(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) noexcept;

// How every path of ours is resolved: below the directory, whatever is exchanged meanwhile.
inline constexpr std::uint64_t confined = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
inline constexpr std::uint64_t linkless = confined | RESOLVE_NO_SYMLINKS;

}  // namespace fairlead::files
