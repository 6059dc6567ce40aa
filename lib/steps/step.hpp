#pragma once

#include "http/problem.hpp"

#include <optional>

namespace fairlead::steps {

/// What every request of a site, or of a part of it, passes before its handler. It never blocks and never
/// waits.
class step {
public:
    virtual ~step() = default;

    /// An answer or a refusal ends the request here; nothing lets it pass.
    virtual std::optional<http::outcome> before(http::request& request) const = 0;

    /// May add field lines to the answer, whoever gave it; must not remove any.
    virtual void after(const http::request& request, http::response& response) const {
        (void)request;
        (void)response;
    }
};

}  // namespace fairlead::steps
