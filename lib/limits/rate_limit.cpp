#include "limits/rate_limit.hpp"

#include "limits/address_key.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace fairlead::limits {
namespace {

using std::chrono::ceil;
using std::chrono::nanoseconds;
using std::chrono::seconds;

enum : std::uint64_t { by_address = 0, by_user = 1 };

/// The bucket of bytes of a client, beside that of its requests. An odd factor keeps different ones apart.
bucket_id bytes_of(bucket_id client) noexcept {
    return bucket_id{static_cast<std::uint64_t>(client) * 0x9E3779B97F4A7C15ULL};
}

nanoseconds fill_time(const http::rate& rate, std::uint64_t units) noexcept {
    return rate.count == 0 ? nanoseconds(0) : rate.time_for(units);
}

/// Exactly so many times, since each may have been rounded up.
nanoseconds times(nanoseconds each, std::uint64_t count) noexcept {
    constexpr nanoseconds most = http::rate::longest;
    if (each.count() == 0) return each;
    if (count > static_cast<std::uint64_t>(most / each)) return most;
    return each * static_cast<std::int64_t>(count);
}

/// What a bucket of requests has that will be full in `until_full`.
http::rate_left requests_left(nanoseconds each, nanoseconds most, nanoseconds until_full) noexcept {
    const auto units = until_full < most ? (most - until_full) / each : 0;
    return {static_cast<std::uint64_t>(units), ceil<seconds>(until_full)};
}

/// The same of bytes, of which many may come in a nanosecond.
http::rate_left bytes_left(const http::rate& rate, nanoseconds most, nanoseconds until_full) noexcept {
    const auto units = until_full < most ? rate.units_in(most - until_full) : 0;
    return {units, ceil<seconds>(until_full)};
}

}  // namespace

rate_limit::rate_limit(rate_table& table, const rate_rule& rule, std::uint64_t number) noexcept
    : table_(table),
      rule_(rule),
      number_(2 * number),
      each_(fill_time(rule.requests, 1)),
      most_(times(each_, rule.burst)),
      most_bytes_(fill_time(rule.bytes, rule.bytes.count)) {}

bucket_id rate_limit::client_of(const ip_address& address) const noexcept {
    return table_.id_of(number_ + by_address, address_key(address).bytes());
}

bucket_id rate_limit::client_of(std::string_view user) const noexcept {
    return table_.id_of(number_ + by_user, {reinterpret_cast<const std::uint8_t*>(user.data()), user.size()});
}

rate_limit::verdict rate_limit::admit(bucket_id client, time_point now) const noexcept {
    verdict made;
    if (rule_.bytes.count > 0) {
        const auto until_full = table_.until_full(bytes_of(client), now);
        made.bytes = bytes_left(rule_.bytes, most_bytes_, until_full);
        if (until_full >= most_bytes_) {
            made.refused_by = reason::bytes;
            // A byte more than none has to be there.
            made.wait = until_full - most_bytes_ + nanoseconds(1);
        }
    }
    if (rule_.requests.count == 0) return made;
    if (made.refused_by != reason::none) {
        made.requests = requests_left(each_, most_, table_.until_full(client, now));
        return made;
    }
    const auto taken = table_.take(client, each_, most_, now);
    made.requests = requests_left(each_, most_, taken.until_full);
    if (!taken.is_granted) {
        made.refused_by = reason::requests;
        made.wait = taken.until_full + each_ - most_;
    }
    return made;
}

rate_limit::room rate_limit::room_of(std::uint64_t client, time_point now) const noexcept {
    if (rule_.bytes.count == 0) return {std::numeric_limits<std::uint64_t>::max(), nanoseconds(0)};
    const auto until_full = table_.until_full(bytes_of(bucket_id{client}), now);
    const auto left = bytes_left(rule_.bytes, most_bytes_, until_full).units;
    if (left > 0) return {left, nanoseconds(0)};
    // By then a byte is there at least, however slow the rate.
    const auto worth = std::max(most_bytes_ / 10, fill_time(rule_.bytes, 1));
    return {0, until_full - most_bytes_ + worth};
}

void rate_limit::charge(std::uint64_t client, std::uint64_t bytes, time_point now) const noexcept {
    if (rule_.bytes.count == 0 || bytes == 0) return;
    table_.charge(bytes_of(bucket_id{client}), rule_.bytes.time_for(bytes), http::rate::longest, now);
}

}  // namespace fairlead::limits
