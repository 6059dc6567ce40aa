#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// The parts of `Host` or of a target's authority. Views point into the text that was parsed.
struct host_parts {
    std::string_view name;  ///< as received: a name, an IPv4 address, or an IPv6 address with its brackets
    std::optional<std::uint16_t> port;  ///< empty when there is none or it is empty ("host:")
    bool is_ip_literal = false;         ///< `name` is an IPv6 address in brackets
};

/// Parses uri-host [ ":" port ] (RFC 9110 section 7.2, RFC 3986 section 3.2.2), or nothing when it is
/// malformed. Of reg-name only what host names are made of is taken: labels of 1 to 63 letters, digits, '-',
/// '_' or '~', joined by single dots, at most 255 bytes, one trailing dot allowed. So percent escapes,
/// sub-delims, userinfo, paths, backslashes, bytes from 0x80, zone ids and IPvFuture are all malformed, and
/// an empty host is as well.
std::optional<host_parts> parse_host(std::string_view text) noexcept;

/// Which hosts this server answers for. Loopback always counts: localhost, *.localhost, 127.0.0.0/8, [::1]
/// and their IPv4-mapped forms.
class host_allowlist {
public:
    /// Patterns: a name or address, exact; "*.example.org" for one or more labels in front of example.org
    /// (not for example.org itself); "*" for everything. A port in a pattern is ignored; IPv6 with or without
    /// brackets. Throws std::invalid_argument that names the pattern which is none of these.
    explicit host_allowlist(const std::vector<std::string>& patterns = {});

    /// Adds one more pattern, for example the address that a listener is bound to. Throws as above.
    void add(std::string_view pattern);

    /// `name` as parse_host returned it. ASCII case and one trailing dot are ignored, IPv6 addresses are
    /// compared by value. Does not allocate.
    bool allows(std::string_view name) const noexcept;

    /// True when the list has "*".
    bool allows_everything() const noexcept { return everything_; }

private:
    using ipv6 = std::array<std::uint8_t, 16>;

    std::vector<std::string> names_;     ///< lower case, no trailing dot
    std::vector<std::string> suffixes_;  ///< ".example.org", lower case
    std::vector<ipv6> addresses_;
    bool everything_ = false;
};

/// True for the names and addresses that always count (see host_allowlist).
bool is_loopback(std::string_view name) noexcept;

}  // namespace fairlead::http
