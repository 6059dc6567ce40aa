#include "http/connect_rules.hpp"

#include "base/text.hpp"
#include "http/host.hpp"
#include "http/special_addresses.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

constexpr std::uint16_t default_port = 443;

std::string_view without_trailing_dot(std::string_view name) noexcept {
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

bool all_in(std::string_view text, std::string_view allowed) noexcept {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

/// True when inet_aton(), which getaddrinfo() asks first, might take `name` for an address: its last label
/// is a decimal, octal or hexadecimal number (as in the URL Standard, "ends in a number").
bool ends_in_a_number(std::string_view name) noexcept {
    const auto last = name.substr(name.rfind('.') + 1);
    if (all_in(last, "0123456789")) return true;
    return last.size() >= 2 && last[0] == '0' && to_lower(last[1]) == 'x' &&
           all_in(last.substr(2), "0123456789abcdefABCDEF");
}

refusal bad_target(std::string_view detail, security_event event = security_event::none) {
    return {.status = status::bad_request, .detail = detail, .close = true, .event = event};
}

/// An IPv6 address has brackets.
std::optional<ip_address> parse_literal(std::string_view host) noexcept {
    if (host.starts_with('[') && host.ends_with(']'))
        return ip_address::parse(host.substr(1, host.size() - 2));
    return host.find(':') == std::string_view::npos ? ip_address::parse(host) : std::nullopt;
}

/// "443", "8000-8099": first and last.
std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_ports(std::string_view text) noexcept {
    const auto dash = text.find('-');
    const auto first = parse_decimal(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_decimal(text.substr(dash + 1));
    if (!first || !last || *first == 0 || *first > *last || *last > 65535) return std::nullopt;
    return std::pair(static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last));
}

}  // namespace

std::string connect_target::to_string() const {
    auto host = name;
    if (address) host = address->is_v4() ? address->to_string() : "[" + address->to_string() + "]";
    return host + ":" + std::to_string(port);
}

checked<connect_target> parse_connect_target(std::string_view authority) {
    const auto host = parse_host(authority);
    // A tunnel has no default port (RFC 9112 section 3.2.3).
    if (!host || host->port.value_or(0) == 0)
        return bad_target("CONNECT takes a host and a port from 1 to 65535 as its target.");
    connect_target where;
    where.port = *host->port;
    where.address = parse_literal(host->name);
    if (where.address) return where;
    if (host->is_ip_literal || ends_in_a_number(without_trailing_dot(host->name)))
        return bad_target("An address has to be written in full, as 192.0.2.1 or [2001:db8::1].",
                          security_event::tunnel);
    where.name = to_lower(without_trailing_dot(host->name));
    return where;
}

std::optional<std::string> connect_rules::add(std::string_view text) {
    constexpr auto advice =
        "write HOST:PORT (\"db.example.org:5432\"), where HOST may be \"*.example.org\", an address "
        "(IPv6 in brackets) or \"*\", and PORT a list (\"443,8000-8099\")";
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto host = text.substr(0, colon);
    entry made{kind::name, {}, {}, {}};
    if (colon == std::string_view::npos) made.ports.push_back({default_port, default_port});
    const auto ports = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    for (const auto one : split(ports, ',')) {
        if (colon == std::string_view::npos) break;
        const auto range = parse_ports(trim(one));
        if (!range) return "a port is a number from 1 to 65535, or a range from the lower to the higher";
        made.ports.push_back({range->first, range->second});
    }
    if (const auto address = parse_literal(host)) {
        made.kind = kind::address;
        made.address = *address;
    } else if (host == "*") {
        made.kind = kind::everything;
    } else {
        const bool is_suffix = host.starts_with("*.");
        if (is_suffix) host.remove_prefix(2);
        const auto name = parse_host(host);
        if (!name || name->is_ip_literal || name->name.size() != host.size()) return advice;
        const auto bare = without_trailing_dot(host);
        if (ends_in_a_number(bare)) return "an address has four decimal numbers (\"192.0.2.1\")";
        made.kind = is_suffix ? kind::suffix : kind::name;
        made.text = (is_suffix ? "." : "") + to_lower(bare);
    }
    entries_.push_back(std::move(made));
    return std::nullopt;
}

bool connect_rules::matches(const entry& one, const connect_target& where) noexcept {
    switch (one.kind) {
        case kind::everything: return true;
        case kind::address: return where.address == one.address;
        case kind::name: return !where.address && where.name == one.text;
        case kind::suffix:
            return !where.address && where.name.size() > one.text.size() && where.name.ends_with(one.text);
    }
    return false;
}

bool connect_rules::allows(const connect_target& where) const noexcept {
    return std::any_of(entries_.begin(), entries_.end(), [&](const entry& one) {
        const auto fits = [&](const port_range& range) {
            return where.port >= range.first && where.port <= range.last;
        };
        return std::any_of(one.ports.begin(), one.ports.end(), fits) && matches(one, where);
    });
}

std::string_view connect_networks::refuses(const ip_address& address,
                                           std::span<const ip_address> own) const noexcept {
    // The translator is what is connected to; where it sends on to is judged by itself.
    if (const auto behind = translated_to(address))
        if (const auto why = refuses(*behind, own); !why.empty()) return why;
    if (listed_.contains(address)) return {};
    if (const auto use = special_use(address); !use.empty()) return use;
    return std::find(own.begin(), own.end(), address) != own.end() ? "of this machine" : std::string_view();
}

}  // namespace fairlead::http
