#include "limits/overload.hpp"

#include "base/random.hpp"

namespace fairlead::limits {

http::problem overload(std::chrono::milliseconds retry_after, std::string_view limit) {
    const auto least =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(retry_after).count());
    const auto seconds = std::to_string(least + next_random() % (least * 2 / 5 + 1));
    http::problem busy;
    busy.status = http::status::service_unavailable;
    busy.detail = "The server is at its limit of ";
    busy.detail.append(limit).append(". Try again in ").append(seconds).append(" s.");
    busy.fields.add("Retry-After", seconds);
    return busy;
}

}  // namespace fairlead::limits
