#include "http/host.hpp"

#include "base/text.hpp"
#include "require.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto host = parse_host(text);
    if (!host) return 0;
    REQUIRE_INVARIANT(!host->name.empty() && text.starts_with(host->name));
    REQUIRE_INVARIANT(text.find_first_of("/\\@?#%<>\" \t\r\n") == std::string_view::npos);
    for (const char c : text)
        REQUIRE_INVARIANT(static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F);
    REQUIRE_INVARIANT(host->is_ip_literal == text.starts_with('['));

    // What is listed is allowed in any case, with and without its trailing dot; what is not, is not.
    const host_table exact({std::string(host->name)});
    REQUIRE_INVARIANT(exact.allows(host->name));
    REQUIRE_INVARIANT(exact.allows(to_lower(host->name)));
    if (!host->is_ip_literal) {
        const host_table wildcard({"*." + std::string(host->name)});
        REQUIRE_INVARIANT(wildcard.allows("x." + std::string(host->name)));
        REQUIRE_INVARIANT(wildcard.allows(host->name) == is_loopback(host->name));
        REQUIRE_INVARIANT(exact.allows("x." + std::string(host->name)) ==
                          is_loopback("x." + std::string(host->name)));
    }
    REQUIRE_INVARIANT(host_table({"other.invalid"}).allows(host->name) ==
                      (is_loopback(host->name) || iequals(host->name, "other.invalid") ||
                       iequals(host->name, "other.invalid.")));
    return 0;
}
