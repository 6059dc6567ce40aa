#pragma once

#include "base/ip_address.hpp"
#include "http/rate_account.hpp"
#include "limits/rate_table.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace fairlead::limits {

/// What one client may do: rates whose `count` is 0 are no limits.
struct rate_rule {
    http::rate requests;
    std::uint64_t burst = 1;  ///< requests at once: 1 or more, that fill within http::rate::longest
    http::rate bytes;         ///< of content, received and sent; a second's worth at once
};

/// The buckets of one rule, for all clients that it is asked for.
///
/// A request takes its unit when it comes. How many bytes it will be is known at its end only, so they are
/// charged then, and may leave the bucket in debt; a request is let in while there is none. What a client
/// gets over time is the rate, therefore; at one moment it may be ahead by what its requests at work come to.
/// A tunnel, which may go on for days, is charged while it goes on, and waits for room.
class rate_limit final : public http::content_meter {
public:
    using time_point = rate_table::time_point;

    /// `number` is one that no other rule of the table has.
    rate_limit(rate_table& table, const rate_rule& rule, std::uint64_t number) noexcept;

    /// Of an address, or of a name: the two never have a bucket together.
    bucket_id client_of(const ip_address& address) const noexcept;
    bucket_id client_of(std::string_view user) const noexcept;

    enum class reason { none, requests, bytes };
    struct verdict {
        reason refused_by = reason::none;
        std::chrono::nanoseconds wait{0};  ///< until a request would be let in
        http::rate_left requests;          ///< after this one
        http::rate_left bytes;
    };
    /// Takes a request of the bucket, if it is let in.
    verdict admit(bucket_id client, time_point now) const noexcept;

    /// Bytes that are left. When there are none, a client that waits finds a tenth of a second's worth.
    room room_of(std::uint64_t client, time_point now) const noexcept override;
    /// Takes bytes of content, also more than are left.
    void charge(std::uint64_t client, std::uint64_t bytes, time_point now) const noexcept override;

    const rate_rule& rule() const noexcept { return rule_; }

private:
    rate_table& table_;
    const rate_rule rule_;
    const std::uint64_t number_;
    const std::chrono::nanoseconds each_{0};  ///< of a request
    const std::chrono::nanoseconds most_{0};  ///< of the requests at once
    const std::chrono::nanoseconds most_bytes_{0};
};

}  // namespace fairlead::limits
