#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace fairlead {

/// SipHash-2-4 (Aumasson, Bernstein 2012): a hash for tables whose keys a client chooses. Who does not know
/// the key cannot find texts that fall together.
class keyed_hash {
public:
    /// A key of the kernel's generator. Throws std::system_error.
    keyed_hash();
    /// The first and the second half of the key, little-endian: for tests.
    constexpr keyed_hash(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}

    std::uint64_t operator()(std::span<const std::uint8_t> bytes) const noexcept;
    /// SipHash-2-4-128 of the same authors: where texts that fall together would be taken for one.
    std::array<std::uint64_t, 2> wide(std::span<const std::uint8_t> bytes) const noexcept;

private:
    std::uint64_t k0_ = 0;
    std::uint64_t k1_ = 0;
};

}  // namespace fairlead
