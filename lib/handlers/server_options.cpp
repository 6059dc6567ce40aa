#include "handlers/server_options.hpp"

#include "handlers/methods.hpp"
#include "handlers/refusals.hpp"

namespace fairlead::handlers {

bool server_options::try_handle(http::request& request, http::outcome& outcome) {
    using http::verb;
    // The target parser lets only OPTIONS through with "*".
    request.allowed = taken_;
    outcome = *check_method(request, {verb::get, verb::head, verb::post, verb::put, verb::delete_});
    return true;
}

task<http::outcome> server_options::handle(http::request& request) {
    http::outcome outcome;
    try_handle(request, outcome);
    co_return outcome;
}

bool nothing_here::try_handle(http::request&, http::outcome& outcome) {
    outcome = not_found();
    return true;
}

task<http::outcome> nothing_here::handle(http::request& request) {
    http::outcome outcome;
    try_handle(request, outcome);
    co_return outcome;
}

}  // namespace fairlead::handlers
