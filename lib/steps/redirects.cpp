#include "steps/redirects.hpp"

#include "http/cors.hpp"

namespace fairlead::steps {
namespace {

http::outcome answer_with(const http::redirect& where) {
    if (where.location.empty())
        return http::refuse(where.status, "What was at this address is gone, and will not come back.");
    http::response moved;
    moved.status = where.status;
    moved.fields.add("Location", where.location);
    return moved;
}

}  // namespace

std::optional<http::outcome> redirects::before(http::request& request) const {
    // A browser takes no redirect for a preflight; TRACE is refused wherever it goes.
    const bool is_about_server =
        http::cors_policy::is_preflight(request) || request.method == http::verb::trace;
    if (is_about_server) return std::nullopt;
    if (const auto where = moved_.find(request.path, request.query, request.has_query))
        return answer_with(*where);
    if (auto path = rewritten_.find(request.path)) {
        auto& texts = request.texts();
        request.asked_path = texts.asked_path = request.path;
        request.path = texts.path = std::move(*path);
    }
    return std::nullopt;
}

}  // namespace fairlead::steps
