#include "http/connect_rules.hpp"

#include "base/text.hpp"
#include "require.hpp"

#include <arpa/inet.h>

#include <cstdint>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

/// The first line is a target, the others are entries of the list.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto lines = split(text, '\n');
    connect_rules rules;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const bool was_empty = rules.empty();
        if (rules.add(lines[i])) REQUIRE_INVARIANT(rules.empty() == was_empty);
    }
    const auto where = parse_connect_target(lines.front());
    if (!where) return 0;
    REQUIRE_INVARIANT(where->port != 0);
    REQUIRE_INVARIANT(where->name.empty() == where->address.has_value());
    // Whatever the C library would take for an address is one for us, too, and no name.
    in_addr taken{};
    REQUIRE_INVARIANT(where->name.empty() || ::inet_aton(where->name.c_str(), &taken) == 0);
    REQUIRE_INVARIANT(to_lower(where->name) == where->name);

    // What it is written as is the same destination, and is allowed by an entry that says so.
    const auto again = parse_connect_target(where->to_string());
    REQUIRE_INVARIANT(again && again->name == where->name && again->address == where->address &&
                      again->port == where->port);
    connect_rules exact;
    REQUIRE_INVARIANT(!exact.add(where->to_string()));
    REQUIRE_INVARIANT(exact.allows(*where));
    auto other = *where;
    other.port = where->port == 1 ? 2 : static_cast<std::uint16_t>(where->port - 1);
    REQUIRE_INVARIANT(!exact.allows(other));
    REQUIRE_INVARIANT(rules.allows(*where) == rules.allows(*again));
    return 0;
}
