#include "handlers/methods.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>

namespace fairlead::handlers {

std::optional<http::outcome> check_method(const http::request& request, std::span<const http::verb> allowed) {
    const bool is_own = std::find(allowed.begin(), allowed.end(), request.method) != allowed.end();
    if (is_own && request.allowed.contains(request.method)) return std::nullopt;
    std::string list;
    for (const auto method : allowed) {
        if (!request.allowed.contains(method)) continue;
        const auto name = boost::beast::http::to_string(method);
        list.append(name.data(), name.size()).append(", ");
    }
    list += "OPTIONS";
    if (request.method == http::verb::options) {
        http::response answer;
        answer.status = http::status::no_content;
        answer.fields.add("Allow", list);
        return answer;
    }
    if (request.method == http::verb::unknown)
        return http::refuse(http::status::not_implemented, "This server does not know that method.");
    auto refusal = http::refuse(http::status::method_not_allowed, "This address takes " + list + ".");
    refusal.fields.add("Allow", list);
    return refusal;
}

}  // namespace fairlead::handlers
