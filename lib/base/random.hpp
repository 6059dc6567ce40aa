#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead {

/// Fills `out` from the kernel's generator (getrandom); throws std::system_error if that fails.
void fill_random(std::span<std::uint8_t> out);

/// 64 bits of the kernel's generator, for names that must not be guessed; fetched for many at a time. Throws
/// std::system_error.
std::uint64_t next_unguessable();

/// A number that nobody outside can predict well; cheap (one getrandom per thread, then splitmix64). For
/// jitter and identifiers, not for keys.
std::uint64_t next_random();

/// Writes 16 lower-case hexadecimal digits of `value` to `out`.
void write_hex(std::uint64_t value, char* out) noexcept;

}  // namespace fairlead
