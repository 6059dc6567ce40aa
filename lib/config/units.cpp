#include "config/units.hpp"

#include "base/text.hpp"

#include <array>
#include <limits>

namespace fairlead::config {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};
// The largest first: the formatter takes the first one that divides the value.
constexpr std::array size_units{unit{"g", 1ULL << 30}, unit{"m", 1ULL << 20}, unit{"k", 1ULL << 10}};
constexpr std::array time_units{unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000}, unit{"ms", 1}};

std::optional<std::uint64_t> multiply(std::string_view digits, std::uint64_t factor,
                                      std::uint64_t most) noexcept {
    const auto value = parse_decimal(digits);
    if (!value || *value > most / factor) return std::nullopt;
    return *value * factor;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    std::uint64_t factor = 1;
    for (const auto& unit : size_units)
        if (!text.empty() && to_lower(text.back()) == unit.name.front()) factor = unit.factor;
    if (factor != 1) text.remove_suffix(1);
    return multiply(text, factor, std::numeric_limits<std::uint64_t>::max());
}

std::string format_size(std::uint64_t bytes) {
    for (const auto& unit : size_units)
        if (bytes != 0 && bytes % unit.factor == 0)
            return std::to_string(bytes / unit.factor).append(unit.name);
    return std::to_string(bytes);
}

std::optional<std::chrono::milliseconds> parse_time(std::string_view text) noexcept {
    const auto digits = text.find_first_not_of("0123456789");
    if (digits == std::string_view::npos) return std::nullopt;
    for (const auto& unit : time_units) {
        if (text.substr(digits) != unit.name) continue;
        constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
        const auto value = multiply(text.substr(0, digits), unit.factor, most);
        if (!value) return std::nullopt;
        return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
    }
    return std::nullopt;
}

std::string format_time(std::chrono::milliseconds value) {
    const auto count = static_cast<std::uint64_t>(value.count());
    if (count == 0) return "0s";
    for (const auto& unit : time_units)
        if (count % unit.factor == 0) return std::to_string(count / unit.factor).append(unit.name);
    return std::to_string(count) + "ms";
}

}  // namespace fairlead::config
