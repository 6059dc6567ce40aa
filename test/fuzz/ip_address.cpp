#include "base/ip_address.hpp"

#include "require.hpp"

#include <cstdint>
#include <string>

using namespace fairlead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto address = ip_address::parse(text);
    if (address) {
        REQUIRE_INVARIANT(text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos);
        REQUIRE_INVARIANT(ip_address::parse(address->to_string()) == address);
        REQUIRE_INVARIANT(address->is_v4() == (address->to_string().find(':') == std::string::npos));
    }
    const auto network = ip_network::parse(text);
    REQUIRE_INVARIANT(!address || network.has_value());
    if (!network) {
        REQUIRE_INVARIANT(network.error().size() > 10);
        return 0;
    }
    REQUIRE_INVARIANT(ip_network::parse(network->to_string()) == network);
    REQUIRE_INVARIANT(network->contains(network->first()));
    // The last bit of the length decides, the next one does not.
    const bool is_v4 = network->first().is_v4();
    const unsigned bits = network->length() + (is_v4 ? 96 : 0);
    auto other = network->first().bytes();
    if (network->length() > 0) {
        other[(bits - 1) / 8] ^= static_cast<std::uint8_t>(0x80 >> ((bits - 1) % 8));
        REQUIRE_INVARIANT(!network->contains(ip_address(other)));
        other = network->first().bytes();
    }
    if (bits < 128) {
        other[bits / 8] ^= static_cast<std::uint8_t>(0x80 >> (bits % 8));
        REQUIRE_INVARIANT(ip_address(other).is_v4() != is_v4 || network->contains(ip_address(other)));
    }
    return 0;
}
