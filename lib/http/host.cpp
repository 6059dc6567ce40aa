#include "http/host.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

namespace fairlead::http {
namespace {

constexpr std::size_t max_name_bytes = 255;
constexpr std::size_t max_label_bytes = 63;

using ipv4 = std::array<std::uint8_t, 4>;
using ipv6 = std::array<std::uint8_t, 16>;

/// inet_pton wants a terminated string; `allowed` keeps a NUL inside `text` from ending it early.
template <class Address>
std::optional<Address> parse_address(int family, std::string_view text, std::string_view allowed) noexcept {
    char copy[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof copy || text.find_first_not_of(allowed) != std::string_view::npos)
        return std::nullopt;
    copy[text.copy(copy, text.size())] = '\0';
    Address address{};
    if (inet_pton(family, copy, address.data()) != 1) return std::nullopt;
    return address;
}

std::optional<ipv4> parse_ipv4(std::string_view text) noexcept {
    return parse_address<ipv4>(AF_INET, text, "0123456789.");
}

/// `text` has its brackets.
std::optional<ipv6> parse_ipv6(std::string_view text) noexcept {
    if (text.size() < 4 || text.front() != '[' || text.back() != ']') return std::nullopt;
    return parse_address<ipv6>(AF_INET6, text.substr(1, text.size() - 2), "0123456789abcdefABCDEF:.");
}

constexpr std::array<bool, 256> label_bytes = [] {
    std::array<bool, 256> allowed{};
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~"))
        allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
}();

bool is_host_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > max_name_bytes) return false;
    std::size_t label = 0;
    for (const char c : name) {
        if (c == '.') {
            if (label == 0) return false;
            label = 0;
        } else if (!label_bytes[static_cast<unsigned char>(c)] || ++label > max_label_bytes) {
            return false;
        }
    }
    return true;
}

std::string_view without_trailing_dot(std::string_view name) noexcept {
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

bool ends_with_ignoring_case(std::string_view name, std::string_view suffix) noexcept {
    return name.size() > suffix.size() && iequals(name.substr(name.size() - suffix.size()), suffix);
}

bool is_loopback(const ipv6& address) noexcept {
    constexpr ipv6 one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    constexpr std::array<std::uint8_t, 13> mapped_127{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127};
    return address == one || std::equal(mapped_127.begin(), mapped_127.end(), address.begin());
}

}  // namespace

std::optional<host_parts> parse_host(std::string_view text) noexcept {
    host_parts parts;
    std::size_t name_end = text.find(':');
    if (text.starts_with('[')) {
        const auto bracket = text.find(']');
        if (bracket == std::string_view::npos) return std::nullopt;
        name_end = bracket + 1;
        parts.is_ip_literal = true;
    }
    parts.name = text.substr(0, name_end);
    if (parts.is_ip_literal ? !parse_ipv6(parts.name) : !is_host_name(parts.name)) return std::nullopt;
    if (parts.name.size() == text.size()) return parts;
    const auto rest = text.substr(parts.name.size());
    if (rest.front() != ':') return std::nullopt;
    if (rest.size() == 1)
        return parts;  // an empty port is legal and means the default (RFC 3986 section 3.2.3)
    const auto port = parse_decimal(rest.substr(1));
    if (!port || *port > 65535) return std::nullopt;
    parts.port = static_cast<std::uint16_t>(*port);
    return parts;
}

bool is_loopback(std::string_view name) noexcept {
    name = without_trailing_dot(name);
    if (iequals(name, "localhost") || ends_with_ignoring_case(name, ".localhost")) return true;
    if (name.starts_with('[')) {
        const auto address = parse_ipv6(name);
        return address && is_loopback(*address);
    }
    if (!name.starts_with("127.")) return false;
    return parse_ipv4(name).has_value();
}

host_table::host_table(const std::vector<std::string>& patterns) {
    for (const auto& pattern : patterns) add(pattern);
}

void host_table::add(std::string_view pattern, std::size_t site) {
    if (pattern == "*") {
        if (!everything_) everything_ = site;
        return;
    }
    const bool is_wildcard = pattern.starts_with("*.");
    std::string text(is_wildcard ? pattern.substr(2) : pattern);
    auto host = parse_host(text);
    if (!host && !is_wildcard) {
        text = "[" + text + "]";
        host = parse_host(text);
    }
    if (!host || (is_wildcard && host->is_ip_literal))
        throw std::invalid_argument("\"" + std::string(pattern) +
                                    "\" is not a host: write a name, *.name, an IP address, or *");
    if (host->is_ip_literal) {
        addresses_.push_back({*parse_ipv6(host->name), site});
        return;
    }
    auto name = to_lower(without_trailing_dot(host->name));
    if (!is_wildcard) {
        names_.push_back({std::move(name), site});
        return;
    }
    suffixes_.push_back({"." + name, site});
    std::stable_sort(suffixes_.begin(), suffixes_.end(),
                     [](const auto& a, const auto& b) { return a.host.size() > b.host.size(); });
}

std::optional<std::size_t> host_table::find(std::string_view name) const noexcept {
    const bool is_ipv6 = name.starts_with('[');
    const auto address = is_ipv6 ? parse_ipv6(name) : std::nullopt;
    if (is_ipv6 && !address) return everything_;
    for (const auto& one : addresses_)
        if (address == one.host) return one.site;
    const auto bare = without_trailing_dot(name);
    for (const auto& one : names_)
        if (!is_ipv6 && iequals(bare, one.host)) return one.site;
    for (const auto& one : suffixes_)
        if (!is_ipv6 && ends_with_ignoring_case(bare, one.host)) return one.site;
    if (http::is_loopback(name)) return 0;
    return everything_;
}

}  // namespace fairlead::http
