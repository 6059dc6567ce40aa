#pragma once

#include "base/ip_address.hpp"

#include <algorithm>

namespace fairlead::limits {

/// What counts as one client: an IPv4 address, or the /64 of an IPv6 address, since that is what one customer
/// is given at least, with 2^64 addresses to choose from.
inline ip_address address_key(const ip_address& address) noexcept {
    if (address.is_v4()) return address;
    auto bytes = address.bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip_address(bytes);
}

}  // namespace fairlead::limits
