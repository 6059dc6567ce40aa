#include "steps/access.hpp"

#include "base/text.hpp"
#include "http/cors.hpp"
#include "http/credentials.hpp"
#include "http/field_value.hpp"
#include "limits/overload.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::steps {
namespace {

using verdict = http::access_rules::verdict;

/// The paths that a request has to be let in for: where another one is served in its place, both.
std::array<std::string_view, 2> paths_of(const http::request& request) noexcept {
    return {request.asked_path, request.path};
}

/// What has_to_compare() has found out, for judge(), which is called next for the same request, on this
/// thread: credentials are looked for and looked up once. Requests come and go at the same place in memory,
/// so has_to_compare() forgets first, whatever it returns.
struct latest_look {
    const http::request* by = nullptr;  // nullptr: nothing was found, or it has been used
    std::string_view path;
    std::chrono::steady_clock::time_point at{};
    logins::found login;
};
latest_look& latest() {
    thread_local latest_look mine;
    return mine;
}

/// What was found for this path of this request, once.
std::optional<logins::found> take_latest(const http::request& request, std::string_view path) {
    auto& mine = latest();
    const bool is_it = mine.by == &request && mine.at == request.received &&
                       mine.path.data() == path.data() && mine.path.size() == path.size();
    if (!is_it) return std::nullopt;
    mine.by = nullptr;
    return std::move(mine.login);
}

auto token_of(const http::request& request) noexcept {
    return http::find_basic_token(request.fields, http::credentials_field(request.method));
}

/// Whether no cache would give an answer with these field lines to anybody without asking here.
bool is_kept_back(std::string_view lines) noexcept {
    constexpr std::string_view name = "Cache-Control: ";
    const auto begin = lines.find(name);
    if (begin == std::string_view::npos) return false;
    const auto from = begin + name.size();
    http::list_reader directives(lines.substr(from, lines.find('\r', from) - from));
    // With an argument they are about single fields (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
    while (const auto one = directives.next())
        if (iequals(*one, "no-cache") || iequals(*one, "no-store") || iequals(*one, "private")) return true;
    return false;
}

http::problem forbidden() {
    return http::refuse(http::status::forbidden,
                        "The rules of this server do not allow you to do this here.");
}

/// Who asks for a tunnel is asked by a proxy (RFC 9110 section 11.7.1).
http::problem ask_for_name(const http::request& request, const http::access_map::place& where) {
    const bool is_for_proxy = request.method == http::verb::connect;
    auto refusal =
        http::refuse(is_for_proxy ? http::status::proxy_authentication_required : http::status::unauthorized,
                     "Say who you are: a name and a password are needed here.");
    refusal.fields.add(is_for_proxy ? "Proxy-Authenticate" : "WWW-Authenticate", where.challenge);
    return refusal;
}

/// Names that do not exist stay out of the log: some type their password there.
http::problem wrong(const http::request& request, const http::access_map::place& where,
                    const logins::found& login) {
    auto refusal = ask_for_name(request, where);
    refusal.detail = "The name or the password is wrong.";
    refusal.event = http::security_event::auth;
    if (login.what == logins::found::kind::malformed)
        refusal.log_detail = "malformed credentials";
    else if (!login.user)
        refusal.log_detail = "no such user";
    else
        refusal.log_detail = "wrong password of user " + *login.user;
    return refusal;
}

http::problem paused(std::chrono::seconds pause) {
    const auto seconds = std::to_string(std::max<std::chrono::seconds::rep>(pause.count(), 1));
    auto refusal =
        http::refuse(http::status::too_many_requests,
                     "Too many wrong passwords came from your address. Try again in " + seconds + " s.");
    refusal.log_detail = "passwords are not looked at for " + seconds + " s";
    refusal.event = http::security_event::throttle;
    refusal.fields.add("Retry-After", seconds);
    return refusal;
}

}  // namespace

/// `*` is the server itself (RFC 9110 section 9.3.7), of which OPTIONS tells nothing.
bool access::is_exempt(const http::request& request) const noexcept {
    return request.path == "*" ||
           (options_.are_preflights_answered && http::cors_policy::is_preflight(request));
}

logins* access::logins_at(const http::access_map::place& where) const noexcept {
    return where.users == 0 ? nullptr : options_.known[where.users - 1];
}

bool access::has_to_compare(const http::request& request, std::string_view path) const {
    auto& mine = latest();
    mine.by = nullptr;
    if (path.empty()) return false;
    const auto* const here = logins_at(map_.at(path));
    if (!here) return false;
    const auto token = token_of(request);
    if (!token || !*token) return false;
    mine = {&request, path, request.received, here->found_now(**token, request.client.ip, request.received)};
    return mine.login.what == logins::found::kind::unchecked &&
           map_.decide(request, request.method, path) == verdict::needs_user;
}

bool access::has_to_wait(const http::request& request) const {
    latest().by = nullptr;
    if (is_exempt(request)) return false;
    const auto paths = paths_of(request);
    return std::any_of(paths.begin(), paths.end(),
                       [&](std::string_view path) { return has_to_compare(request, path); });
}

std::optional<http::outcome> access::before(http::request& request) const {
    request.access = &map_;
    if (is_exempt(request)) return std::nullopt;
    for (const auto path : paths_of(request))
        if (auto refusal = judge(request, path, nullptr)) return std::move(*refusal);
    return std::nullopt;
}

task<std::optional<http::outcome>> access::before_waiting(http::request& request) const {
    request.access = &map_;
    const auto paths = paths_of(request);
    for (const auto path : paths) {
        std::optional<logins::found> compared;
        if (has_to_compare(request, path)) {
            const auto token = token_of(request);
            compared = co_await logins_at(map_.at(path))->check(**token, request.client.ip);
        }
        if (auto refusal = judge(request, path, compared ? &*compared : nullptr))
            co_return std::move(*refusal);
    }
    co_return std::nullopt;
}

/// Why the request may not pass for one of its paths, or nothing. `compared` is what a comparison of its
/// password has found, if there was one.
std::optional<http::problem> access::judge(http::request& request, std::string_view path,
                                           const logins::found* compared) const {
    if (path.empty()) return std::nullopt;
    const auto rule = map_.find(request.method, path);
    switch (http::access_map::decide(request, rule)) {
        case verdict::open:
        case verdict::allowed: return std::nullopt;
        case verdict::denied: return forbidden();
        case verdict::needs_user: break;
    }
    if (compared) return judge_named(request, rule, *compared);
    if (const auto looked = take_latest(request, path)) return judge_named(request, rule, *looked);
    const auto token = token_of(request);
    if (!token) return http::to_problem(token.error());
    const auto* const here = logins_at(*rule.where);
    if (!*token || !here) return ask_for_name(request, *rule.where);
    return judge_named(request, rule, here->found_now(**token, request.client.ip, request.received));
}

std::optional<http::problem> access::judge_named(http::request& request, const http::access_map::ruling& rule,
                                                 const logins::found& login) const {
    const auto& where = *rule.where;
    switch (login.what) {
        case logins::found::kind::known: break;
        case logins::found::kind::wrong:
        case logins::found::kind::malformed: return wrong(request, where, login);
        case logins::found::kind::paused:
            metrics_.request_limited(telemetry::limit_reason::logins);
            return paused(login.pause);
        case logins::found::kind::unchecked:  // forgotten since has_to_wait() looked
        case logins::found::kind::overloaded:
            metrics_.request_shed(telemetry::shed_reason::logins);
            return limits::overload(options_.retry_after, "passwords to compare");
    }
    request.set_user(login.user);
    request.known_among = where.users;
    if (http::access_map::decide(request, rule) == verdict::allowed) return std::nullopt;
    return forbidden();
}

void access::after(const http::request& request, http::response& response) const {
    // Beside a Cache-Control of the file the stricter one counts (RFC 9111 section 5.2.2.7).
    const bool is_open =
        request.is_personal && !is_kept_back(response.prebuilt) && !is_kept_back(response.fields.text());
    if (is_open) response.fields.add_prebuilt("Cache-Control: private\r\n");
}

}  // namespace fairlead::steps
