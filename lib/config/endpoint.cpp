#include "config/endpoint.hpp"

#include "base/text.hpp"
#include "config/json_source.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace fairlead::config {
namespace {

constexpr std::string_view alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view letters, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return letters.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
    });
}

bool is_address(int family, std::string_view text) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return ::inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

/// An IPv6 address, perhaps with a zone (RFC 4007 section 11): `fe80::1%eth0`.
bool is_ipv6(std::string_view text) {
    const auto percent = text.find('%');
    if (percent == std::string_view::npos) return is_address(AF_INET6, text);
    const auto zone = text.substr(percent + 1);
    return is_address(AF_INET6, text.substr(0, percent)) && !zone.empty() &&
           consists_of(zone, alphanumeric, "-_.");
}

/// What is wrong with a host that stood without brackets, or nothing.
std::optional<std::string> complaint_about(std::string_view host) {
    if (host.find(':') != std::string_view::npos)
        return "an IPv6 address stands in brackets, for example \"[::1]:8080\"";
    if (host.empty() || host.size() > 255) return "the address before the port is missing or too long";
    if (host == "*") return std::nullopt;
    if (consists_of(host, "0123456789", ".")) {
        if (is_address(AF_INET, host)) return std::nullopt;
        return quote(host) + " is no IPv4 address (four numbers from 0 to 255 with dots between them)";
    }
    if (consists_of(host, alphanumeric, "-_.")) return std::nullopt;
    return "a host name consists of letters, digits, '-', '_' and '.'";
}

}  // namespace

std::variant<endpoint, endpoint_error> parse_endpoint(std::string_view text) {
    std::string_view host = "*";
    std::string_view port = text;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1)))
            return endpoint_error{"the brackets must hold an IPv6 address, for example \"[::1]:8080\""};
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!port.starts_with(':')) return endpoint_error{"add the port, for example \"[::1]:8080\""};
        port.remove_prefix(1);
    } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (const auto complaint = complaint_about(host)) return endpoint_error{*complaint};
    } else if (!consists_of(text, "0123456789", "")) {
        return endpoint_error{"add the port, for example \"127.0.0.1:8080\""};
    }
    const auto number = parse_decimal(port);
    if (!number || *number > 65'535) return endpoint_error{"the port must be a number from 0 to 65535"};
    return endpoint{std::string(host), static_cast<std::uint16_t>(*number)};
}

std::string format_endpoint(const endpoint& value) {
    std::string text = value.host.empty() ? "*" : value.host;
    if (text.find(':') != std::string::npos) text.insert(0, 1, '[').push_back(']');
    return text.append(1, ':').append(std::to_string(value.port));
}

bool is_loopback(const endpoint& where) {
    return where.host == "localhost" || where.host == "::1" || where.host.starts_with("127.");
}

}  // namespace fairlead::config
