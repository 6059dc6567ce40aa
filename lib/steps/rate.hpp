#pragma once

#include "limits/rate_limit.hpp"
#include "steps/step.hpp"
#include "telemetry/metrics.hpp"

#include <string>

namespace fairlead::steps {

/// Whose buckets count.
enum class rate_by { address, user };

/// Lets each client have so many requests, and so many bytes, in a time; beyond that 429 (RFC 6585 section 4)
/// with `Retry-After`. All answers carry `RateLimit-Policy` and `RateLimit`. A request counts once, however
/// often it comes by, and with it every method, every status and every request of a connection.
class rate final : public step {
public:
    /// By user, requests of nobody count by their address. `limit` and `metrics` outlive the step.
    rate(const limits::rate_limit& limit, rate_by by, telemetry::metrics& metrics);

    /// Whose buckets count.
    rate_by by() const noexcept { return by_; }

    std::optional<http::outcome> before(http::request& request) const override;
    void after(const http::request& request, http::response& response) const override;

private:
    const limits::rate_limit& limit_;
    const rate_by by_;
    telemetry::metrics& metrics_;
    std::string policy_;  ///< the line `RateLimit-Policy`
};

}  // namespace fairlead::steps
