#pragma once

#include "http/rate.hpp"

#include <chrono>
#include <cstdint>

namespace fairlead::http {

/// Is told what a request came to when the last of it has gone, or while it goes on; outlives all requests.
class content_meter {
public:
    virtual ~content_meter() = default;

    /// What a client may have now.
    struct room {
        std::uint64_t bytes;            ///< of content; 0: it has to wait
        std::chrono::nanoseconds wait;  ///< until there are so many that going on pays; 0 when it may
    };
    /// Takes nothing. Any thread.
    virtual room room_of(std::uint64_t client, std::chrono::steady_clock::time_point now) const noexcept = 0;
    /// Bytes of content, received and sent. Any thread.
    virtual void charge(std::uint64_t client, std::uint64_t bytes,
                        std::chrono::steady_clock::time_point now) const noexcept = 0;
};

/// What a limit of rates has noted of a request. It goes with the request when that has to wait, and is
/// looked at again from the begin: so it counts once.
struct rate_account {
    bool is_counted = false;
    std::uint64_t client = 0;              ///< whose bucket, as `meter` knows it
    const content_meter* meter = nullptr;  ///< nullptr: the bytes do not count
    rate_left requests;                    ///< what was left after this one
    rate_left bytes;
};

}  // namespace fairlead::http
