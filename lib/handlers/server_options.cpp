#include "handlers/server_options.hpp"

#include "handlers/refusals.hpp"

namespace fairlead::handlers {

bool server_options::try_handle(http::request&, http::outcome& outcome) {
    // The target parser lets only OPTIONS through with "*".
    http::response answer;
    answer.status = http::status::no_content;
    answer.fields.add("Allow", allow_);
    outcome = std::move(answer);
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
