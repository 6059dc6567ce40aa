#include "handlers/server_options.hpp"

#include "handlers/methods.hpp"

namespace fairlead::handlers {

std::optional<http::outcome> server_options::try_handle(http::request& request) {
    return check_method(request, {http::verb::get, http::verb::head, http::verb::post});
}

task<http::outcome> server_options::handle(http::request& request) {
    // The target parser lets only OPTIONS through with "*".
    auto answer = check_method(request, {http::verb::get, http::verb::head, http::verb::post});
    co_return std::move(*answer);
}

std::optional<http::outcome> nothing_here::try_handle(http::request&) {
    http::problem refusal;
    refusal.status = http::status::not_found;
    refusal.detail = "There is nothing at this address.";
    return refusal;
}

task<http::outcome> nothing_here::handle(http::request& request) { co_return *try_handle(request); }

}  // namespace fairlead::handlers
