#include "handlers/by_method.hpp"

#include "handlers/methods.hpp"

namespace fairlead::handlers {

handler* by_method::find(const http::request& request) const noexcept {
    if (!request.allowed.contains(request.method)) return nullptr;
    auto method = request.method;
    if (method == http::verb::head) method = http::verb::get;
    for (const auto& [own, target] : entries_)
        if (own == method) return target.get();
    return nullptr;
}

http::outcome by_method::refuse(const http::request& request) const {
    std::vector<http::verb> allowed;
    for (const auto& [own, target] : entries_) {
        allowed.push_back(own);
        if (own == http::verb::get) allowed.push_back(http::verb::head);
    }
    // Never one of them: those have been found.
    return *check_method(request, allowed);
}

bool by_method::try_handle(http::request& request, http::outcome& outcome) {
    if (auto* const target = find(request)) return target->try_handle(request, outcome);
    outcome = refuse(request);
    return true;
}

task<http::outcome> by_method::handle(http::request& request) {
    auto* const target = find(request);
    if (!target) co_return refuse(request);
    auto answer = co_await target->handle(request);
    co_return answer;
}

}  // namespace fairlead::handlers
