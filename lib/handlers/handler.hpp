#pragma once

#include "http/problem.hpp"

#include <optional>

namespace fairlead::handlers {

/// Produces the answer to a request that passed every step. One behaviour, one class.
class handler {
public:
    virtual ~handler() = default;

    /// Answers when that needs neither waiting nor a call that may block; nothing means: await `handle()`.
    /// It must give the same answer that `handle()` would. Only called for a request without a body.
    virtual std::optional<http::outcome> try_handle(http::request& request) = 0;

    /// Answers in any case.
    virtual task<http::outcome> handle(http::request& request) = 0;

    /// A health check: answered also by a connection that is being shed, never queued, not in the access log.
    virtual bool is_health_check() const noexcept { return false; }
};

}  // namespace fairlead::handlers
