#include "http/forwarded.hpp"

#include "require.hpp"

#include <array>
#include <cstdint>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

bool is_client(const checked<ip_address>& found) { return found && found->to_string() == "192.0.2.7"; }

}  // namespace

// Whatever a client writes into the fields, what the proxy adds behind it counts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string forged(reinterpret_cast<const char*>(data), size);
    const auto peer = *ip_address::parse("10.0.0.1");
    const std::array<std::string, 1> networks{"10.0.0.0/8"};
    proxy_rules rules{*ip_networks::parse(networks)};

    for (const auto which : {proxy_field::forwarded, proxy_field::x_forwarded_for}) {
        const bool is_rfc_7239 = which == proxy_field::forwarded;
        const field_view alone{is_rfc_7239 ? field::forwarded : field::unknown,
                               is_rfc_7239 ? "Forwarded" : "X-Forwarded-For", forged};
        rules.field = which;
        const auto believed = client_behind(peer, rules, field_table({&alone, 1}));
        REQUIRE_INVARIANT(believed.has_value());

        const auto added = forged + (is_rfc_7239 ? ", for=\"192.0.2.7:80\"" : ", 192.0.2.7");
        auto line = alone;
        line.value = added;
        REQUIRE_INVARIANT(is_client(client_behind(peer, rules, field_table({&line, 1}))));
        const std::array lines{alone,
                               field_view{alone.id, alone.name, is_rfc_7239 ? "for=192.0.2.7" : "192.0.2.7"}};
        REQUIRE_INVARIANT(is_client(client_behind(peer, rules, field_table(lines))));
        // A second trusted proxy changes nothing.
        const auto passed_on = added + (is_rfc_7239 ? ", for=10.2.2.2;host=\"a,b\"" : ",10.2.2.2");
        line.value = passed_on;
        REQUIRE_INVARIANT(is_client(client_behind(peer, rules, field_table({&line, 1}))));
    }
    if (const auto address = forwarded_address(forged))
        REQUIRE_INVARIANT(forged.find(address->is_v4() ? '.' : ':') != std::string::npos);
    return 0;
}
