#pragma once

#include "http/host.hpp"
#include "steps/step.hpp"

namespace fairlead::steps {

/// Only names that the configuration lists are served (DNS rebinding, cache poisoning): 403 for a valid name
/// that is not listed. A malformed, missing or repeated Host was refused with the framing (400).
class host final : public step {
public:
    explicit host(http::host_allowlist allowed) : allowed_(std::move(allowed)) {}
    std::optional<http::problem> before(http::request& request) const override;

private:
    http::host_allowlist allowed_;
};

}  // namespace fairlead::steps
