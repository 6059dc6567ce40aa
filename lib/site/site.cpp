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

http::problem not_a_proxy() {
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
    const auto named = http::parse_target(request.target, request.method);
    if (!named) return http::to_problem(named.error());
    if (named->form == http::target_form::authority) return not_a_proxy();
    if (named->form == http::target_form::absolute) {
        request.authority = named->authority;
        request.host_name = http::parse_host(named->authority)->name;  // parse_target() has checked it
    }
    request.query = named->query;
    const bool is_asterisk = named->form == http::target_form::asterisk;
    const auto path = is_asterisk ? http::checked<std::string_view>("*")
                                  : http::normalise_path(*named, request.path_storage);
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
    http::outcome outcome;
    if (!target->try_handle(request, outcome)) return false;
    finish(outcome, request, answer);
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
    http::response answer;
    finish(outcome, request, answer);
    co_return answer;
}

bool site::try_health(http::request& request, http::response& answer) {
    handlers::handler* target = nullptr;
    if (prepare(request, target) || !target->is_health_check()) return false;
    http::outcome outcome;
    if (!target->try_handle(request, outcome)) return false;
    finish(outcome, request, answer);
    return true;
}

/// Moves the outcome into `answer`: the response with what the steps add, or the refusal rendered.
void site::finish(http::outcome& outcome, const http::request& request, http::response& answer) const {
    if (const auto* refusal = std::get_if<http::problem>(&outcome)) {
        answer = refuse(*refusal, request);
        return;
    }
    answer = std::move(std::get<http::response>(outcome));
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)->after(request, answer);
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
    else
        log_.debug("request {} refused {}: {} {}", request.id, code, refusal.detail, refusal.log_detail);
}

}  // namespace fairlead::site
