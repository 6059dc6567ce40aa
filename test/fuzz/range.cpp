#include "http/range.hpp"

#include "require.hpp"

#include <cstdint>
#include <cstring>

using namespace fairlead::http;

/// The first 8 bytes are the size, the rest is the value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint64_t length = 0;
    if (size < sizeof length) return 0;
    std::memcpy(&length, data, sizeof length);
    const std::string_view value(reinterpret_cast<const char*>(data) + sizeof length, size - sizeof length);
    const auto choice = choose_range(value, length);
    switch (choice.kind) {
        case range_choice::kind::part:
            REQUIRE_INVARIANT(choice.length > 0);
            REQUIRE_INVARIANT(choice.offset < length);
            REQUIRE_INVARIANT(choice.length <= length - choice.offset);
            break;
        case range_choice::kind::unsatisfiable:
            REQUIRE_INVARIANT(value.find('-') != std::string_view::npos);
            break;
        case range_choice::kind::whole: REQUIRE_INVARIANT(content_range(choice, length).empty()); break;
    }
    return 0;
}
