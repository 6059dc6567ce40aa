#include "telemetry/status_line.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace fairlead::telemetry {
namespace {

bool is_full(std::uint64_t used, std::uint64_t limit) { return limit > 0 && used >= limit; }

/// Divided rather than multiplied, so that no limit is too large for the comparison.
bool is_nearly_full(std::uint64_t used, std::uint64_t limit) {
    return limit > 0 && used >= limit - limit / 10;
}

std::string fraction(std::uint64_t used, std::uint64_t limit) {
    return limit > 0 ? fmt::format("{}/{}", used, limit) : fmt::format("{}", used);
}

double rate(const status_sample& sample) {
    const double seconds = std::chrono::duration<double>(sample.interval).count();
    return seconds > 0 ? static_cast<double>(sample.requests) / seconds : 0;
}

}  // namespace

load judge(const status_sample& sample) noexcept {
    const bool work_is_full = is_full(sample.in_flight, sample.in_flight_limit);
    if (is_full(sample.connections, sample.connections_limit) || (sample.queued > 0 && work_is_full))
        return load::saturated;
    if (is_nearly_full(sample.connections, sample.connections_limit) ||
        is_nearly_full(sample.in_flight, sample.in_flight_limit))
        return load::near_capacity;
    return load::normal;
}

std::string status_line(const status_sample& sample, bool is_coloured) {
    static constexpr std::array<std::string_view, 3> words = {"normal", "near capacity", "saturated"};
    static constexpr std::array<std::string_view, 3> colours = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    const auto index = static_cast<std::size_t>(judge(sample));
    return fmt::format("connections {}, in flight {}, queue {}, {:.0f} requests/s, shed {}, {}{}{}",
                       fraction(sample.connections, sample.connections_limit),
                       fraction(sample.in_flight, sample.in_flight_limit), sample.queued, rate(sample),
                       sample.shed, is_coloured ? colours[index] : "", words[index],
                       is_coloured ? "\x1b[0m" : "");
}

}  // namespace fairlead::telemetry
