#pragma once

#include "http/problem.hpp"

#include <optional>

namespace fairlead::steps {

/// A check that every request passes before its handler. It never blocks and never waits.
class step {
public:
    virtual ~step() = default;

    /// A refusal ends the request here; nothing lets it pass.
    virtual std::optional<http::problem> before(http::request& request) const = 0;

    /// May add field lines to the answer, whoever gave it; must not remove any.
    virtual void after(const http::request& request, http::response& response) const {
        (void)request;
        (void)response;
    }
};

}  // namespace fairlead::steps
