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

/// Which hosts this server answers for, and which of its sites each of them is. Loopback always counts, as
/// the first site (0) unless it is listed: localhost, *.localhost, 127.0.0.0/8, [::1] and their IPv4-mapped
/// forms.
class host_table {
public:
    /// Patterns of the first site; see `add`.
    explicit host_table(const std::vector<std::string>& patterns = {});

    /// Adds a pattern of a site: a name or address, exact; "*.example.org" for one or more labels in front of
    /// example.org (not for example.org itself); "*" for everything. A port in a pattern is ignored; IPv6
    /// with or without brackets. Throws std::invalid_argument that names the pattern which is none of these.
    void add(std::string_view pattern, std::size_t site = 0);

    /// The site of a host: that of the exact name or address, else of the longest pattern with a wildcard,
    /// else of "*"; nothing when it is not listed. `name` as parse_host returned it: ASCII case and one
    /// trailing dot are ignored, IPv6 addresses are compared by value. Does not allocate.
    std::optional<std::size_t> find(std::string_view name) const noexcept;

    bool allows(std::string_view name) const noexcept { return find(name).has_value(); }

    /// True when the list has "*".
    bool allows_everything() const noexcept { return everything_.has_value(); }

private:
    using ipv6 = std::array<std::uint8_t, 16>;
    template <class Host>
    struct listed {
        Host host;
        std::size_t site;
    };

    std::vector<listed<std::string>> names_;     ///< lower case, no trailing dot
    std::vector<listed<std::string>> suffixes_;  ///< ".example.org", lower case, from long to short
    std::vector<listed<ipv6>> addresses_;
    std::optional<std::size_t> everything_;
};

/// True for the names and addresses that always count (see host_table).
bool is_loopback(std::string_view name) noexcept;

}  // namespace fairlead::http
