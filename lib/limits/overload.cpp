#include "limits/overload.hpp"

#include "base/random.hpp"

namespace fairlead::limits {

namespace {

/// Whole seconds: at least `retry_after`, and up to 40 % more.
std::string some_seconds(std::chrono::milliseconds retry_after) {
    const auto least =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(retry_after).count());
    return std::to_string(least + next_random() % (least * 2 / 5 + 1));
}

}  // namespace

http::problem overload(std::chrono::milliseconds retry_after, std::string_view limit) {
    const auto seconds = some_seconds(retry_after);
    auto busy = http::refuse(http::status::service_unavailable, "The server is at its limit of ");
    busy.detail.append(limit).append(". Try again in ").append(seconds).append(" s.");
    busy.fields.add("Retry-After", seconds);
    return busy;
}

http::problem too_many_connections(std::chrono::milliseconds retry_after) {
    const auto seconds = some_seconds(retry_after);
    auto refusal = http::refuse(
        http::status::too_many_requests,
        "Your address has as many connections open as one may have. Close some, or try again in " + seconds +
            " s.");
    refusal.fields.add("Retry-After", seconds);
    return refusal;
}

}  // namespace fairlead::limits
