#include "steps/cors.hpp"

namespace fairlead::steps {

std::optional<http::outcome> cors::before(http::request& request) const {
    if (!http::cors_policy::is_preflight(request)) return std::nullopt;
    return policy_.preflight(request);
}

void cors::after(const http::request& request, http::response& response) const {
    if (!http::cors_policy::is_preflight(request)) policy_.add_fields(request, response.fields);
}

}  // namespace fairlead::steps
