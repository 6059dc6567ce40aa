#include "base/ip_address.hpp"

#include "base/keyed_hash.hpp"
#include "base/text.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace fairlead {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/// inet_pton wants a terminated string; `allowed` keeps a NUL inside `text` from ending it early.
bool parse_into(void* out, int family, std::string_view text, std::string_view allowed) noexcept {
    char copy[ip_address::max_text];
    if (text.size() >= sizeof copy || text.find_first_not_of(allowed) != std::string_view::npos) return false;
    copy[text.copy(copy, text.size())] = '\0';
    return ::inet_pton(family, copy, out) == 1;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 80)) + "\""; }

}  // namespace

ip_address ip_address::from(const sockaddr_storage& socket) noexcept {
    ip_address address;
    if (socket.ss_family == AF_INET) {
        std::copy(v4_prefix.begin(), v4_prefix.end(), address.bytes_.begin());
        std::memcpy(&address.bytes_[12], &reinterpret_cast<const sockaddr_in&>(socket).sin_addr, 4);
    } else if (socket.ss_family == AF_INET6) {
        std::memcpy(address.bytes_.data(), &reinterpret_cast<const sockaddr_in6&>(socket).sin6_addr, 16);
    }
    return address;
}

std::optional<ip_address> ip_address::parse(std::string_view text) noexcept {
    ip_address address;
    if (text.find(':') != std::string_view::npos) {
        if (!parse_into(address.bytes_.data(), AF_INET6, text, "0123456789abcdefABCDEF:."))
            return std::nullopt;
        return address;
    }
    std::copy(v4_prefix.begin(), v4_prefix.end(), address.bytes_.begin());
    if (!parse_into(&address.bytes_[12], AF_INET, text, "0123456789.")) return std::nullopt;
    return address;
}

bool ip_address::is_v4() const noexcept {
    return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
}

std::string_view ip_address::write_to(std::span<char, max_text> out) const noexcept {
    if (!is_v4()) return ::inet_ntop(AF_INET6, bytes_.data(), out.data(), max_text);
    // Not by inet_ntop, which goes through snprintf: that costs more than parsing a request.
    char* at = out.data();
    for (std::size_t i = 12; i < 16; ++i) {
        at = std::to_chars(at, at + 3, bytes_[i]).ptr;
        *at++ = i < 15 ? '.' : '\0';
    }
    return {out.data(), static_cast<std::size_t>(at - out.data() - 1)};
}

std::string ip_address::to_string() const {
    std::array<char, max_text> text;
    return std::string(write_to(text));
}

ip_network::ip_network(const ip_address& any_of_it, unsigned length) noexcept
    : bits_(
          static_cast<std::uint8_t>(any_of_it.is_v4() ? 96 + std::min(length, 32u) : std::min(length, 128u))),
      is_v4_(any_of_it.is_v4()) {
    auto bytes = any_of_it.bytes();
    std::size_t at = bits_ / 8;
    if (bits_ % 8 != 0) bytes[at++] &= static_cast<std::uint8_t>(0xFF00 >> (bits_ % 8));
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), std::uint8_t{0});
    first_ = ip_address(bytes);
}

boost::system::result<ip_network, std::string> ip_network::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = ip_address::parse(text.substr(0, slash));
    if (!address)
        return quoted(text) +
               " is no network: write one such as 10.0.0.0/8 or 2001:db8::/32, or an address alone";
    // An IPv4-mapped address is written with an IPv6 length.
    const bool is_mapped = address->is_v4() && text.find(':') != std::string_view::npos;
    const unsigned all = address->is_v4() && !is_mapped ? 32 : 128;
    if (slash == std::string_view::npos) return ip_network(*address, 128);
    const auto digits = text.substr(slash + 1);
    const auto length = parse_decimal(digits);
    if (!length || *length > all || (digits.size() > 1 && digits[0] == '0'))
        return quoted(text) + ": behind the '/' stands the number of bits that count, 0 to " +
               std::to_string(all) + (all == 32 ? " for IPv4" : " for IPv6");
    if (is_mapped && *length < 96)
        return quoted(text) +
               ": an IPv4-mapped network has a length of 96 to 128; all of IPv4 is 0.0.0.0/0, all of IPv6 "
               "::/0";
    const ip_network network(*address, static_cast<unsigned>(is_mapped ? *length - 96 : *length));
    if (network.first() != *address)
        return quoted(text) + " has bits set behind its length: write " + network.to_string() + " or " +
               address->to_string();
    return network;
}

bool ip_network::contains(const ip_address& address) const noexcept {
    return address.is_v4() == is_v4_ && ip_network(address, length()).first_ == first_;
}

std::string ip_network::to_string() const {
    auto text = first_.to_string();
    if (bits_ < 128) text += "/" + std::to_string(length());
    return text;
}

boost::system::result<ip_networks, std::string> ip_networks::parse(std::span<const std::string> texts) {
    std::vector<ip_network> list;
    for (const auto& text : texts) {
        const auto network = ip_network::parse(text);
        if (!network) return network.error();
        list.push_back(*network);
    }
    return ip_networks(std::move(list));
}

bool ip_networks::contains(const ip_address& address) const noexcept {
    return std::any_of(list_.begin(), list_.end(), [&](const auto& one) { return one.contains(address); });
}

}  // namespace fairlead

std::size_t std::hash<fairlead::ip_address>::operator()(const fairlead::ip_address& address) const noexcept {
    static const fairlead::keyed_hash keyed;
    return keyed(address.bytes());
}
