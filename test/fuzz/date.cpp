#include "http/date.hpp"

#include "require.hpp"

#include <cstdint>
#include <cstring>

using namespace fairlead::http;

/// The first 8 bytes are the present, the rest is the date.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    unix_seconds now = 0;
    if (size < sizeof now) return 0;
    std::memcpy(&now, data, sizeof now);
    const std::string_view text(reinterpret_cast<const char*>(data) + sizeof now, size - sizeof now);

    const auto now_text = format_date(now);
    const auto same = parse_date(view(now_text), now);
    REQUIRE_INVARIANT(same.has_value());
    REQUIRE_INVARIANT(format_date(*same) == now_text);

    const auto time = parse_date(text, now);
    if (!time) return 0;
    const auto canonical = format_date(*time);
    REQUIRE_INVARIANT(parse_date(view(canonical), now).has_value());
    // A leap second and the last second of 9999 are the only times that are written in two ways.
    const bool has_leap = text.find(":60") != std::string_view::npos;
    REQUIRE_INVARIANT(has_leap || parse_date(view(canonical), now) == time);
    return 0;
}
