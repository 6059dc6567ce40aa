#pragma once

#include "http/problem.hpp"

#include <optional>

namespace fairlead::steps {

/// What every request of a site, or of a part of it, passes before its handler. It never blocks.
///
/// A request may pass the first steps twice: once more from the first on, when a later one, or the handler,
/// had to wait. A step that counts marks the request.
class step {
public:
    virtual ~step() = default;

    /// An answer or a refusal ends the request here; nothing lets it pass. Not called when `has_to_wait`.
    virtual std::optional<http::outcome> before(http::request& request) const = 0;

    /// True when the step cannot decide about this request at once. It is asked before each `before`, which
    /// follows on the same thread if this says false, and may use what was found out here.
    virtual bool has_to_wait(const http::request& request) const {
        (void)request;
        return false;
    }
    /// `before` of a step that has to wait.
    virtual task<std::optional<http::outcome>> before_waiting(http::request& request) const {
        co_return before(request);
    }

    /// May add field lines to the answer, whoever gave it; must not remove any.
    virtual void after(const http::request& request, http::response& response) const {
        (void)request;
        (void)response;
    }
};

}  // namespace fairlead::steps
