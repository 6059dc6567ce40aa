#pragma once

#include <boost/system/result.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr_storage;

namespace fairlead {

/// An IP address by value. An IPv4 address and its IPv4-mapped form (::ffff:a.b.c.d) are the same address, so
/// that a rule for the one cannot be avoided by the other.
class ip_address {
public:
    static constexpr std::size_t max_text = 46;  ///< bytes of the longest text, with a NUL behind it

    /// "::", which no client can have.
    constexpr ip_address() noexcept = default;
    /// The 16 bytes of an IPv6 address in network order.
    constexpr explicit ip_address(const std::array<std::uint8_t, 16>& bytes) noexcept : bytes_(bytes) {}
    /// The address of an AF_INET or AF_INET6 socket, without port and zone; "::" for any other family.
    static ip_address from(const sockaddr_storage& socket) noexcept;
    /// Four decimal numbers without leading zeros, or IPv6 (RFC 4291 section 2.2). No brackets, no zone, no
    /// port, none of the short, octal or hexadecimal forms that inet_aton() knows.
    static std::optional<ip_address> parse(std::string_view text) noexcept;

    /// In network order; an IPv4 address is the last four, behind ten bytes 0 and two 0xFF.
    constexpr const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    bool is_v4() const noexcept;

    /// Writes the usual text (RFC 5952; IPv4 as a.b.c.d) and a NUL behind it to `out`; returns the text
    /// there.
    std::string_view write_to(std::span<char, max_text> out) const noexcept;
    std::string to_string() const;

    /// The order of the bytes.
    auto operator<=>(const ip_address&) const noexcept = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// The addresses whose first bits are the same. An IPv6 network, be it ::/0, has no IPv4 address in it.
class ip_network {
public:
    /// "10.0.0.0/8", "2001:db8::/32", or an address alone, which is the network that has only this address.
    /// Bits that are set behind the length are refused: they are mostly a typing error. The error is a
    /// sentence that names the text and says what to write.
    static boost::system::result<ip_network, std::string> parse(std::string_view text);
    /// The network of `length` bits around an address: 0 to 32 of an IPv4 address, 0 to 128 of others; more
    /// counts as all. Other bits of the address are cleared.
    ip_network(const ip_address& any_of_it, unsigned length) noexcept;

    bool contains(const ip_address& address) const noexcept;
    /// The lowest address.
    const ip_address& first() const noexcept { return first_; }
    /// Bits that are the same: 0 to 32 of an IPv4 network, 0 to 128 of others.
    unsigned length() const noexcept { return is_v4_ ? bits_ - 96u : bits_; }
    /// As `parse` takes it; without the length where it is all of the address.
    std::string to_string() const;

    bool operator==(const ip_network&) const noexcept = default;

private:
    ip_address first_;
    std::uint8_t bits_;  ///< of the 16 bytes: 96 more than the length of an IPv4 network
    bool is_v4_;
};

/// A list of networks, looked through from its begin: for tens of them, not for thousands.
class ip_networks {
public:
    ip_networks() = default;
    explicit ip_networks(std::vector<ip_network> list) noexcept : list_(std::move(list)) {}
    /// Each as ip_network::parse takes it; the error is that of the first which it refuses.
    static boost::system::result<ip_networks, std::string> parse(std::span<const std::string> texts);

    bool contains(const ip_address& address) const noexcept;
    bool empty() const noexcept { return list_.empty(); }
    std::span<const ip_network> list() const noexcept { return list_; }

private:
    std::vector<ip_network> list_;
};

}  // namespace fairlead

/// Keyed with a secret of the process: clients choose their addresses.
template <>
struct std::hash<fairlead::ip_address> {
    std::size_t operator()(const fairlead::ip_address& address) const noexcept;
};
