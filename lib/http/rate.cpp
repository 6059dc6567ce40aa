#include "http/rate.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

using std::chrono::nanoseconds;

__extension__ using wide = unsigned __int128;

constexpr std::uint64_t most_requests = 1'000'000;
constexpr std::chrono::hours longest_period{24};

parse_result<rate> refused(std::string_view text) {
    return "\"" + std::string(text.substr(0, 80)) +
           "\" is no rate: write how many in which time, such as 10/s, 600/m, 5/h or 1/24h (1 to 1000000 in "
           "1 s "
           "to 24 h)";
}

std::chrono::seconds unit_of(char c) noexcept {
    if (c == 's') return std::chrono::seconds(1);
    if (c == 'm') return std::chrono::minutes(1);
    if (c == 'h') return std::chrono::hours(1);
    return std::chrono::seconds(0);
}

}  // namespace

nanoseconds rate::time_for(std::uint64_t units) const noexcept {
    const auto each = static_cast<std::uint64_t>(nanoseconds(period).count());
    const wide time = (wide{units} * each + count - 1) / count;
    constexpr nanoseconds most = longest;
    if (time >= static_cast<std::uint64_t>(most.count())) return most;
    return nanoseconds(static_cast<std::int64_t>(time));
}

std::uint64_t rate::units_in(nanoseconds time) const noexcept {
    const auto each = static_cast<std::uint64_t>(nanoseconds(period).count());
    return static_cast<std::uint64_t>(wide{static_cast<std::uint64_t>(time.count())} * count / each);
}

parse_result<rate> parse_rate(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash + 1 == text.size()) return refused(text);
    const auto count = parse_decimal(text.substr(0, slash));
    auto time = text.substr(slash + 1);
    const auto unit = unit_of(time.back());
    time.remove_suffix(1);
    const auto times = time.empty() ? 1 : parse_decimal(time);
    if (!count || *count == 0 || *count > most_requests || unit.count() == 0 || !times || *times == 0 ||
        *times > static_cast<std::uint64_t>(std::chrono::seconds(longest_period) / unit))
        return refused(text);
    return rate{*count, unit * static_cast<std::int64_t>(*times)};
}

std::string policy_member(std::string_view name, const rate& allowed, bool are_bytes) {
    std::string member = "\"";
    member.append(name).append("\";q=").append(std::to_string(allowed.count));
    if (are_bytes) member += ";qu=\"content-bytes\"";
    return member.append(";w=").append(std::to_string(allowed.period.count()));
}

std::string left_member(std::string_view name, const rate_left& left) {
    std::string member = "\"";
    return member.append(name)
        .append("\";r=")
        .append(std::to_string(left.units))
        .append(";t=")
        .append(std::to_string(left.until_all.count()));
}

std::chrono::seconds seconds_to_wait(nanoseconds time) noexcept {
    return std::max(std::chrono::ceil<std::chrono::seconds>(time), std::chrono::seconds(1));
}

}  // namespace fairlead::http
