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
        case range_choice::kind::part: REQUIRE_INVARIANT(choice.ranges.size() == 1); break;
        case range_choice::kind::several:
            REQUIRE_INVARIANT(choice.ranges.size() > 1 && choice.ranges.size() <= max_ranges);
            break;
        case range_choice::kind::unsatisfiable:
            REQUIRE_INVARIANT(value.find('-') != std::string_view::npos);
            break;
        case range_choice::kind::whole: return 0;
    }
    std::uint64_t left = length;  // what is sent never costs more than the whole
    for (const auto& one : choice.ranges) {
        REQUIRE_INVARIANT(one.length > 0 && one.offset < length && one.length <= length - one.offset);
        REQUIRE_INVARIANT(one.length <= left);
        left -= one.length;
        for (const auto& other : choice.ranges)
            REQUIRE_INVARIANT(&one == &other || one.offset + one.length <= other.offset ||
                              other.offset + other.length <= one.offset);
    }
    return 0;
}
