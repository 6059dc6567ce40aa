#include "http/special_addresses.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

using bytes16 = std::array<std::uint8_t, 16>;

/// The first bytes of a network, and how many bits of them count.
struct special {
    std::array<std::uint8_t, 6> first;
    unsigned bits;
    std::string_view use;
};

constexpr std::array ipv4_uses{
    special{{0}, 8, "this network"},
    special{{10}, 8, "private"},
    special{{100, 64}, 10, "shared by a provider (100.64.0.0/10)"},
    special{{127}, 8, "loopback"},
    special{{169, 254}, 16, "link-local"},
    special{{172, 16}, 12, "private"},
    special{{192, 0, 0}, 24, "reserved for protocols"},
    special{{192, 0, 2}, 24, "documentation"},
    special{{192, 88, 99}, 24, "6to4 relay"},
    special{{192, 168}, 16, "private"},
    special{{198, 18}, 15, "benchmarking"},
    special{{198, 51, 100}, 24, "documentation"},
    special{{203, 0, 113}, 24, "documentation"},
    special{{224}, 4, "multicast"},
    special{{240}, 4, "reserved"},  // with 255.255.255.255, broadcast
};

// Told by name; whatever else lies outside 2000::/3 is "not global".
constexpr std::array ipv6_uses{
    special{{0x00, 0x64, 0xFF, 0x9B, 0, 0}, 48, "NAT64"},
    special{{0x00, 0x64, 0xFF, 0x9B, 0, 1}, 48, "NAT64"},
    special{{0x20, 0x01, 0x00, 0x00}, 32, "Teredo"},
    special{{0x20, 0x01, 0x00}, 23, "reserved for protocols"},  // benchmarking, ORCHID and the like
    special{{0x20, 0x01, 0x0D, 0xB8}, 32, "documentation"},
    special{{0x20, 0x02}, 16, "6to4"},
    special{{0x3F, 0xFF, 0x00}, 20, "documentation"},
    special{{0xFC}, 7, "unique local"},
    special{{0xFE, 0x80}, 10, "link-local"},
    special{{0xFE, 0xC0}, 10, "site-local"},
    special{{0xFF}, 8, "multicast"},
};

bool begins_with(const std::uint8_t* address, const special& network) noexcept {
    const auto whole = network.bits / 8;
    if (!std::equal(network.first.begin(), network.first.begin() + whole, address)) return false;
    const auto rest = network.bits % 8;
    return rest == 0 || (network.first[whole] ^ address[whole]) >> (8 - rest) == 0;
}

template <std::size_t N>
std::string_view find_use(const std::uint8_t* address, const std::array<special, N>& uses) noexcept {
    for (const auto& one : uses)
        if (begins_with(address, one)) return one.use;
    return {};
}

ip_address ipv4_at(const bytes16& from, std::size_t offset) noexcept {
    bytes16 made{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offset), 4, made.begin() + 12);
    return ip_address(made);
}

}  // namespace

std::string_view special_use(const ip_address& address) noexcept {
    const auto& bytes = address.bytes();
    if (address.is_v4()) return find_use(bytes.data() + 12, ipv4_uses);
    if (const auto use = find_use(bytes.data(), ipv6_uses); !use.empty()) return use;
    if (bytes[0] >> 5 == 1) return {};
    if (address == ip_address()) return "unspecified";
    if (!std::all_of(bytes.begin(), bytes.begin() + 12, [](auto byte) { return byte == 0; }))
        return "not global";
    return bytes[12] == 0 && bytes[13] == 0 && bytes[14] == 0 && bytes[15] == 1 ? "loopback"
                                                                                : "IPv4-compatible";
}

std::optional<ip_address> translated_to(const ip_address& address) noexcept {
    constexpr bytes16 nat64{0x00, 0x64, 0xFF, 0x9B};
    const auto& bytes = address.bytes();
    if (std::equal(nat64.begin(), nat64.begin() + 12, bytes.begin())) return ipv4_at(bytes, 12);
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return ipv4_at(bytes, 2);
    return std::nullopt;
}

}  // namespace fairlead::http
