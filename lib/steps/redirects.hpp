#pragma once

#include "http/redirect_rules.hpp"
#include "steps/step.hpp"

namespace fairlead::steps {

/// Answers paths that have moved (301, 302, 303, 307, 308) or are gone (410), then puts the path that is
/// served in the place of one that is rewritten. What comes behind it sees that one only.
class redirects final : public step {
public:
    redirects(http::redirect_rules moved, http::rewrite_rules rewritten)
        : moved_(std::move(moved)), rewritten_(std::move(rewritten)) {}
    std::optional<http::outcome> before(http::request& request) const override;

private:
    http::redirect_rules moved_;
    http::rewrite_rules rewritten_;
};

}  // namespace fairlead::steps
