#include "site/site.hpp"

#include "handlers/methods.hpp"
#include "handlers/refusals.hpp"
#include "http/cgi_output.hpp"
#include "http/host.hpp"
#include "http/refusal.hpp"
#include "http/target.hpp"
#include "telemetry/redact.hpp"

#include <exception>

namespace fairlead::site {
namespace {

std::string_view event_name(http::security_event event) noexcept {
    switch (event) {
        case http::security_event::traversal: return "traversal";
        case http::security_event::host: return "host";
        case http::security_event::special_file: return "special_file";
        case http::security_event::symlink: return "symlink";
        case http::security_event::auth: return "auth";
        case http::security_event::throttle: return "throttle";
        case http::security_event::tunnel: return "tunnel";
        case http::security_event::none: break;
    }
    return "none";
}

std::optional<http::outcome> not_a_proxy(const http::request& request) {
    using http::verb;
    auto refused = handlers::check_method(request, {verb::get, verb::head, verb::post});
    std::get<http::problem>(*refused).detail = "This server is not a proxy.";
    return refused;
}

/// Only names that the configuration lists are served (DNS rebinding, cache poisoning). A malformed, missing
/// or repeated Host was refused with the framing (400).
http::problem unlisted_host(std::string_view name) {
    auto refusal = http::refuse(http::status::forbidden,
                                "This server does not serve the host name that the request names.");
    refusal.log_detail = "host \"" + std::string(name) + "\" is not listed: add it to \"hosts\" to allow it";
    refusal.event = http::security_event::host;
    return refusal;
}

http::problem failed(const std::exception& error) {
    auto failure = http::refuse_and_close(http::status::internal_server_error,
                                          "The server failed to answer this request.");
    failure.log_detail = error.what();
    return failure;
}

/// A local redirect (RFC 3875 section 6.2.2): the request becomes one for its target.
void send_on(http::request& request, std::string&& target) {
    request.target = request.texts().target = std::move(target);
    request.body = nullptr;
    if (request.method == http::verb::head) return;
    request.method = http::verb::get;
    request.method_text = "GET";
}

bool is_path(std::string_view target) {
    const auto parts = http::parse_target(target, http::verb::get);
    std::string storage;
    return parts && http::normalise_path(*parts, storage);
}

http::problem sent_on_and_on(const std::string& target) {
    return http::bad_script_output("programs send the request on and on: at last to \"" + target + '"');
}

}  // namespace

/// Who asks, when the peer is a proxy that is trusted: everything behind this sees its client.
std::optional<http::outcome> site::find_client(http::request& request) const {
    const auto client = http::client_behind(request.peer.ip, proxies_, request.fields);
    if (!client) {
        auto refusal = http::to_problem(client.error());
        refusal.log_detail = "set \"proxy_field\" to the one that the proxy " +
                             std::string(request.peer.address) +
                             " writes; it passes the other on as its client wrote it";
        return refusal;
    }
    if (*client == request.peer.ip) return std::nullopt;
    request.client = {request.texts().client = client->to_string(), 0, *client};
    return std::nullopt;
}

void site::find_route(http::request& request, way& where) {
    if (const auto* route = where.here->routes.find(request.path)) {
        where.target = route->target.get();
        where.within = route->belongs_to;
        request.allowed = where.within->methods;
    } else {
        where.target = nullptr;
    }
}

/// The way to the steps: target, Host, route.
std::optional<http::outcome> site::prepare(http::request& request, way& where) const {
    where.within = sites_.front()->parts.front().get();
    // A program may have sent the request on: these view texts that are about to be replaced.
    request.path = request.asked_path = request.query = {};
    if (!proxies_.trusted.empty() && proxies_.trusted.contains(request.peer.ip))
        if (auto refused = find_client(request)) return refused;
    const auto named = http::parse_target(request.target, request.method);
    if (!named) return http::to_problem(named.error());
    if (named->form == http::target_form::authority) return enter_tunnel(request, where);
    if (named->form == http::target_form::absolute) {
        request.authority = named->authority;
        request.host_name = http::parse_host(named->authority)->name;  // parse_target() has checked it
    }
    request.query = named->query;
    request.has_query = named->has_query;
    const bool is_asterisk = named->form == http::target_form::asterisk;
    const auto path = is_asterisk             ? http::checked<std::string_view>("*")
                      : named->is_normal_path ? http::checked<std::string_view>(named->path)
                                              : http::normalise_path(named->path, request.texts().path);
    if (path) request.path = *path;

    const auto index = find_site(request);
    where.here = sites_[index.value_or(0)].get();
    where.within = where.here->parts.front().get();
    if (path) {
        find_route(request, where);
        // A probe names whatever address it reached: health checks reveal nothing and pass without steps.
        if (where.target && where.target->is_health_check()) {
            where.steps_begun = where.here->steps.size() + where.within->steps.size();
            return std::nullopt;
        }
    }
    if (!index) return unlisted_host(request.host_name);
    if (!path) return http::to_problem(path.error());
    return std::nullopt;
}

/// A CONNECT request names a destination, not a site of ours: the first one answers. For the steps of its
/// part the path is that of the whole; steps of the site, which change paths, are left out.
std::optional<http::outcome> site::enter_tunnel(http::request& request, way& where) const {
    where.here = sites_.front().get();
    where.target = where.here->tunnels.get();
    request.allowed = where.within->methods;
    if (!where.target || !request.allowed.contains(http::verb::connect)) return not_a_proxy(request);
    request.path = "/";
    where.steps_begun = where.here->steps.size();
    return std::nullopt;
}

/// The site that a request names. One thread mostly sees the same name again, so it keeps the last.
std::optional<std::size_t> site::find_site(const http::request& request) const {
    struct latest_name {
        std::uint64_t asked = 0;  // id_ of who was asked
        std::string name;
        std::optional<std::size_t> index;
    };
    thread_local latest_name latest;
    if (request.host_name.empty()) {
        // HTTP/1.0 knows no Host; what it asks for is this server.
        if (request.version_minor == 0) return 0;
        return std::nullopt;
    }
    if (latest.asked == id_ && latest.name == request.host_name) return latest.index;
    latest = {id_, std::string(request.host_name), hosts_.find(request.host_name)};
    return latest.index;
}

/// The step that comes next: those of the site, then those of the part that the path leads to by then.
/// Nothing: all have let the request pass.
const steps::step* site::next_step(http::request& request, way& where) {
    const auto& first = where.here->steps;
    const auto begun = where.steps_begun;
    // The path may be another one now; a tunnel has none.
    if (begun > 0 && begun <= first.size() && request.method != http::verb::connect)
        find_route(request, where);
    if (begun < first.size()) return first[where.steps_begun++].get();
    const auto& second = where.within->steps;
    if (!where.target || begun - first.size() >= second.size()) return nullptr;
    ++where.steps_begun;
    return second[begun - first.size()].get();
}

/// True: one of the steps has answered.
task<bool> site::take_steps(http::request& request, way& where, http::outcome& outcome) const {
    while (const auto* step = next_step(request, where)) {
        std::optional<http::outcome> answered;
        if (step->has_to_wait(request))
            answered = co_await step->before_waiting(request);
        else
            answered = step->before(request);
        if (!answered) continue;
        outcome = std::move(*answered);
        co_return true;
    }
    co_return false;
}

/// True: the request is answered before any step.
bool site::enter(http::request& request, way& where, http::outcome& outcome) const {
    auto answered = prepare(request, where);
    if (answered) outcome = std::move(*answered);
    return answered.has_value();
}

bool site::try_respond(http::request& request, http::outcome& outcome) {
    way where;
    auto answered = prepare(request, where);
    while (!answered && where.has_steps()) {
        const auto* step = next_step(request, where);
        if (!step) break;
        if (step->has_to_wait(request)) return false;
        answered = step->before(request);
    }
    if (answered)
        outcome = std::move(*answered);
    else if (!where.target)
        outcome = handlers::not_found();
    else if (!where.target->try_handle(request, outcome))
        return false;
    finish(outcome, request, *where.within);
    return true;
}

task<http::response> site::respond(http::request& request) {
    // The log tells what was asked for. These view the head, which stays; what a turn has put into the texts
    // of the request, the next one replaces.
    const auto method = request.method;
    const auto method_text = request.method_text;
    const auto target = request.target;
    http::outcome outcome;
    for (unsigned turns = 0;; ++turns) {
        way where;
        bool is_answered = enter(request, where, outcome);
        try {
            // Without steps there is no need of a frame for them.
            if (!is_answered && where.has_steps()) is_answered = co_await take_steps(request, where, outcome);
            if (!is_answered && where.target) outcome = co_await where.target->handle(request);
            if (!is_answered && !where.target) outcome = handlers::not_found();
        } catch (const std::exception& error) {
            outcome = failed(error);
        }
        finish(outcome, request, *where.within);
        auto& next = std::get<http::response>(outcome).local_location;
        if (turns == most_local_redirects || !next.starts_with('/')) break;
        // What is wrong with it is the program's fault, and nobody's attack.
        if (!is_path(next)) {
            outcome = refuse(http::bad_script_output("its local Location is no path: \"" + next + '"'),
                             request, *where.within);
            break;
        }
        send_on(request, std::move(next));
    }
    request.method = method;
    request.method_text = method_text;
    request.target = target;
    auto& answer = std::get<http::response>(outcome);
    if (!answer.local_location.empty()) answer = refuse(sent_on_and_on(answer.local_location), request);
    co_return std::move(answer);
}

bool site::try_health(http::request& request, http::response& answer) {
    way where;
    if (prepare(request, where) || !where.target || !where.target->is_health_check()) return false;
    http::outcome outcome;
    if (!where.target->try_handle(request, outcome)) return false;
    finish(outcome, request, *where.within);
    answer = std::move(std::get<http::response>(outcome));
    return true;
}

/// Makes a response of the outcome: with what steps and fields add, or the refusal rendered.
void site::finish(http::outcome& outcome, const http::request& request, const part& within) const {
    if (const auto* refusal = std::get_if<http::problem>(&outcome))
        outcome = refuse(*refusal, request, within);
    else
        add_fields(request, within, std::get<http::response>(outcome));
    if (request.method != http::verb::connect) return;
    // What the client sent on without waiting is for the destination: nobody may take it for requests.
    auto& answer = std::get<http::response>(outcome);
    if (!std::holds_alternative<http::tunnel_body>(answer.body)) answer.close = true;
}

void site::add_fields(const http::request& request, const part& within, http::response& answer) const {
    if (!answer.fields.empty()) within.fields.apply(answer.fields);
    for (auto step = within.steps.rbegin(); step != within.steps.rend(); ++step)
        (*step)->after(request, answer);
    answer.common = within.fields.lines();
}

http::response site::refuse(const http::problem& refusal, const http::request& request,
                            const part& within) const {
    std::optional<error_pages::found> page;
    for (const auto* level = &within; level && !page; level = level->above)
        page = level->pages.find(refusal.status);
    return render(refusal, request, within, page.value_or(nullptr));
}

http::response site::render(const http::problem& refusal, const http::request& request, const part& within,
                            const error_pages::found& page) const {
    report(refusal, request);
    auto answer = http::render(refusal, request.fields[http::field::accept], request.id, page);
    add_fields(request, within, answer);
    return answer;
}

void site::report(const http::problem& refusal, const http::request& request) const {
    if (refusal.event != http::security_event::none)
        log_.security(
            {event_name(refusal.event), request.client.address, request.peer.address, request.id,
             refusal.log_detail.empty() ? telemetry::redacted(request.target) : refusal.log_detail});
    const auto code = static_cast<unsigned>(refusal.status);
    // 501 and 505 are the client's doing; a server that is overloaded does not log each 503 as an error.
    if (code >= 500 && code != 501 && code != 503 && code != 505)
        log_.error("request {} answered {}: {} {}", request.id, code, refusal.detail, refusal.log_detail);
    else
        log_.debug("request {} refused {}: {} {}", request.id, code, refusal.detail, refusal.log_detail);
}

}  // namespace fairlead::site
