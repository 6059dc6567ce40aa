#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <span>

namespace fairlead::net {

class plain_stream;

/// The body of a request, for somebody who passes it on while he waits for others, too. It has a length. All
/// calls come from the coroutine that works for the request.
class body_feed {
public:
    virtual ~body_feed() = default;

    /// What has come, in the front of `buffer`; 0 at the end of the body. EAGAIN: nothing has; the next step
    /// is to wait until `stream()` can be read, and the limits on the time of a client hold from now on.
    /// Other errors are those of http::body_reader::read_some.
    virtual result<std::size_t> read_now(std::span<char> buffer) = 0;
    /// Nobody waits for the client now: time that passes is not his. To be called after each wait that
    /// followed EAGAIN.
    virtual void rest() noexcept = 0;
    virtual plain_stream& stream() noexcept = 0;
};

}  // namespace fairlead::net
