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
    if (request.method == http::verb::trace) return std::nullopt;  // refused wherever it goes
    // A browser takes no redirect for a preflight. Its answer is that of the path which the request gets.
    if (!http::cors_policy::is_preflight(request))
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
