#pragma once

#include "http/problem.hpp"

namespace fairlead::handlers {

/// Produces the answer to a request that passed every step. One behaviour, one class.
class handler {
public:
    virtual ~handler() = default;

    /// Answers into `outcome`, which holds a fresh response, when that needs neither waiting nor a call that may block;
    /// false means: await `handle()`, which gives the same answer. Only called for a request without a body.
    virtual bool try_handle(http::request& request, http::outcome& outcome) = 0;

    /// Answers in any case.
    virtual task<http::outcome> handle(http::request& request) = 0;

    /// A health check: answered also by a connection that is being shed, never queued, not in the access log.
    virtual bool is_health_check() const noexcept { return false; }
};

}  // namespace fairlead::handlers
