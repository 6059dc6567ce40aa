#include "site/site.hpp"

#include "http/host.hpp"
#include "http/refusal.hpp"
#include "http/target.hpp"

#include <exception>

namespace fairlead::site {
namespace {

std::string_view event_name(http::security_event event) noexcept {
    switch (event) {
        case http::security_event::traversal: return "traversal";
        case http::security_event::host: return "host";
        case http::security_event::special_file: return "special_file";
        case http::security_event::symlink: return "symlink";
        case http::security_event::none: break;
    }
    return "none";
}

/// Fills what the target says: authority, query, and the path still encoded.
std::optional<http::problem> read_target(http::request& request, std::string_view& raw_path) {
    const auto target = http::parse_target(request.target, request.method);
    if (!target) return http::to_problem(target.error());
    request.query = target->query;
    raw_path = target->path;
    if (target->form == http::target_form::absolute) {
        const auto named = http::parse_host(target->authority);
        if (!named) return http::to_problem({http::status::bad_request, "The host in the request target is malformed.", true});
        request.authority = target->authority;
        request.host_name = named->name;
    }
    if (target->form == http::target_form::asterisk) raw_path = "*";
    if (target->form != http::target_form::authority) return std::nullopt;
    http::problem refusal;
    refusal.status = http::status::method_not_allowed;
    refusal.detail = "This server is not a proxy.";
    refusal.fields.add("Allow", "GET, HEAD, OPTIONS, POST");
    refusal.close = true;
    return refusal;
}

}  // namespace

/// The way to the handler: target, steps, routes.
std::optional<http::problem> site::prepare(http::request& request, handlers::handler*& target) const {
    std::string_view raw_path;
    if (auto refusal = read_target(request, raw_path)) return refusal;
    const auto path = raw_path == "*" ? http::checked<std::string_view>(raw_path)
                                      : http::normalise_path(raw_path, request.path_storage);
    if (path) {
        request.path = *path;
        target = router_.find(request.path);
    }
    // A probe names whatever address it reached: health checks reveal nothing and pass without steps.
    if (target && target->is_health_check()) return std::nullopt;
    for (const auto& one : steps_)
        if (auto refusal = one->before(request)) return refusal;
    if (!path) return http::to_problem(path.error());
    if (target) return std::nullopt;
    http::problem nothing;
    nothing.status = http::status::not_found;
    nothing.detail = "There is nothing at this address.";
    return nothing;
}

bool site::try_respond(http::request& request, http::response& answer) {
    handlers::handler* target = nullptr;
    if (auto refusal = prepare(request, target)) {
        answer = refuse(*refusal, request);
        return true;
    }
    auto outcome = target->try_handle(request);
    if (!outcome) return false;
    answer = finish(std::move(*outcome), request);
    return true;
}

task<http::response> site::respond(http::request& request) {
    handlers::handler* target = nullptr;
    if (auto refusal = prepare(request, target)) co_return refuse(*refusal, request);
    http::outcome outcome;
    try {
        outcome = co_await target->handle(request);
    } catch (const std::exception& error) {
        http::problem failure;
        failure.detail = "The server failed to answer this request.";
        failure.log_detail = error.what();
        failure.close = true;
        outcome = std::move(failure);
    }
    co_return finish(std::move(outcome), request);
}

bool site::try_health(http::request& request, http::response& answer) {
    handlers::handler* target = nullptr;
    if (prepare(request, target) || !target->is_health_check()) return false;
    auto outcome = target->try_handle(request);
    if (!outcome) return false;
    answer = finish(std::move(*outcome), request);
    return true;
}

http::response site::finish(http::outcome&& outcome, const http::request& request) const {
    if (const auto* refusal = std::get_if<http::problem>(&outcome)) return refuse(*refusal, request);
    auto& answer = std::get<http::response>(outcome);
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)->after(request, answer);
    return std::move(answer);
}

http::response site::refuse(const http::problem& refusal, const http::request& request) const {
    report(refusal, request);
    auto answer = http::render(refusal, request.fields[http::field::accept], request.id);
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)->after(request, answer);
    return answer;
}

void site::report(const http::problem& refusal, const http::request& request) const {
    if (refusal.event != http::security_event::none)
        log_.security(event_name(refusal.event), request.peer.address, request.id,
                      refusal.log_detail.empty() ? request.target : std::string_view(refusal.log_detail));
    const auto code = static_cast<unsigned>(refusal.status);
    if (code >= 500 && code != 503)
        log_.error("request {} answered {}: {} {}", request.id, code, refusal.detail, refusal.log_detail);
    else log_.debug("request {} refused {}: {} {}", request.id, code, refusal.detail, refusal.log_detail);
}

}  // namespace fairlead::site
