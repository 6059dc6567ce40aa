#pragma once

#include "base/ip_address.hpp"

#include <string_view>

namespace fairlead::http {

/// What an address is for, when it is none of a host somewhere on the Internet: "loopback", "private",
/// "multicast" and the like; empty for all others. By the registries of special-purpose addresses (RFC 6890
/// and its updates); of IPv6, everything outside 2000::/3 counts, too. An IPv4-mapped address is that IPv4
/// address.
std::string_view special_use(const ip_address& address) noexcept;

/// The IPv4 address that a translator would send to in place of this one: NAT64 (64:ff9b::/96, RFC 6052) and
/// 6to4 (2002::/16, RFC 3056). Nothing for any other address.
std::optional<ip_address> translated_to(const ip_address& address) noexcept;

}  // namespace fairlead::http
