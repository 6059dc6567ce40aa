#pragma once

#include "http/problem.hpp"
#include "site/router.hpp"
#include "steps/step.hpp"
#include "telemetry/log.hpp"

#include <memory>
#include <vector>

namespace fairlead::site {

/// What one listener serves: steps, then the handler of the path. It knows no transport, does not change
/// after it was built, and is used by all threads at once. A request goes
///
///   target (400, traversal 403) -> steps in order (Host) -> router -> handler -> steps in reverse (add
///   fields)
///
/// whether it may wait (`respond`) or not (`try_respond`); both give the same answer.
class site {
public:
    site(std::vector<std::unique_ptr<steps::step>> steps, router routes, telemetry::log& log)
        : steps_(std::move(steps)), router_(std::move(routes)), log_(log) {}

    /// Answers a request without a body, if nothing has to be waited for; false: await `respond`.
    bool try_respond(http::request& request, http::response& answer);

    /// Answers any request. An exception of a handler is logged with the request id and answered with 500.
    task<http::response> respond(http::request& request);

    /// Answers if the request is a health check; false for anything else.
    bool try_health(http::request& request, http::response& answer);

    /// The answer for a refusal: logged, rendered for `Accept`, with the fields that steps add.
    http::response refuse(const http::problem& refusal, const http::request& request) const;

private:
    std::optional<http::problem> prepare(http::request& request, handlers::handler*& target) const;
    void finish(http::outcome& outcome, const http::request& request, http::response& answer) const;
    void report(const http::problem& refusal, const http::request& request) const;

    std::vector<std::unique_ptr<steps::step>> steps_;
    router router_;
    telemetry::log& log_;
};

}  // namespace fairlead::site
