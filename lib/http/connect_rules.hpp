#pragma once

#include "base/ip_address.hpp"
#include "http/parse_result.hpp"
#include "http/refusal.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Where a CONNECT request wants to go (RFC 9110 section 9.3.6).
struct connect_target {
    std::string name;  ///< in lower case, without a trailing dot; empty for an address
    std::optional<ip_address> address = std::nullopt;
    std::uint16_t port = 0;

    /// host:port as it is written: "example.org:443", "192.0.2.7:22", "[2001:db8::1]:443".
    std::string to_string() const;
};

/// The destination that an authority-form target names: host ":" port, both needed. Refused with 400: what
/// parse_host refuses (user information, zone ids, bytes from 0x80, spaces), no port or port 0, and every
/// host that ends in a number without being a whole dotted IPv4 address (event: tunnel): "127.1",
/// "2130706433", "0177.0.0.1", "0x7f.1", which a resolver would take for addresses that no rule has seen.
checked<connect_target> parse_connect_target(std::string_view authority);

/// The list of destinations that tunnels may lead to, by what the client says. What a name resolves to is
/// judged by connect_networks.
class connect_rules {
public:
    /// Adds `HOST[:PORTS]`: a name, an address (IPv6 in brackets), "*.example.org" for one or more labels in
    /// front of example.org, or "*"; ports are numbers and ranges separated by commas ("443",
    /// "8000-8099,9000"), 443 where there are none. Returns what is wrong with it as a sentence, or nothing.
    std::optional<std::string> add(std::string_view entry);

    bool allows(const connect_target& where) const noexcept;
    bool empty() const noexcept { return entries_.empty(); }

private:
    enum class kind { everything, name, suffix, address };
    struct port_range {
        std::uint16_t first;
        std::uint16_t last;
    };
    struct entry {
        connect_rules::kind kind;
        std::string text;  ///< "example.org"; of a suffix ".example.org"
        ip_address address;
        std::vector<port_range> ports;
    };
    static bool matches(const entry& one, const connect_target& where) noexcept;

    std::vector<entry> entries_;
};

/// Which addresses a tunnel may be connected to, whatever name led there.
class connect_networks {
public:
    /// `listed`: may be reached although they are none of the Internet, or our own.
    explicit connect_networks(ip_networks listed = {}) noexcept : listed_(std::move(listed)) {}

    /// Why an address is refused, as words for the log ("loopback"), or empty when it is not. `own`: the
    /// addresses of this machine. An address that a translator (NAT64, 6to4) would send to an IPv4 address
    /// needs that to be allowed as well.
    std::string_view refuses(const ip_address& address, std::span<const ip_address> own) const noexcept;

private:
    ip_networks listed_;
};

}  // namespace fairlead::http
