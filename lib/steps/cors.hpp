#pragma once

#include "http/cors.hpp"
#include "steps/step.hpp"

namespace fairlead::steps {

/// Answers preflights, and says with every other answer whose scripts may read it.
class cors final : public step {
public:
    explicit cors(http::cors_policy policy) : policy_(std::move(policy)) {}
    std::optional<http::outcome> before(http::request& request) const override;
    void after(const http::request& request, http::response& response) const override;

private:
    http::cors_policy policy_;
};

}  // namespace fairlead::steps
