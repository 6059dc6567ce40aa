#include "config/cross_checks.hpp"

#include "base/ip_address.hpp"
#include "config/access_checks.hpp"
#include "config/cors_options.hpp"
#include "config/endpoint.hpp"
#include "config/json_source.hpp"
#include "config/log_checks.hpp"
#include "config/table.hpp"
#include "config/units.hpp"
#include "http/field_rules.hpp"
#include "http/rate.hpp"
#include "http/redirect_rules.hpp"

#include <algorithm>
#include <limits>

namespace fairlead::config {
namespace {

unsigned quarter_above(unsigned count) {
    const auto more = static_cast<unsigned long long>(count) + std::max(1U, count / 4);
    return static_cast<unsigned>(std::min<unsigned long long>(more, std::numeric_limits<unsigned>::max()));
}

std::optional<contradiction> find_contradiction(const rate_settings& rate) {
    if (rate.requests.empty()) return std::nullopt;
    const auto requests = http::parse_rate(rate.requests);
    if (requests && requests->time_for(rate.burst) >= http::rate::longest)
        return contradiction{"rate.burst",
                             "at " + quote(rate.requests) + " it would take more than a year until " +
                                 std::to_string(rate.burst) + " requests are free again; lower it"};
    return std::nullopt;
}

/// Whether listening at `wide` takes the address of `other`, too.
bool covers(const endpoint& wide, const endpoint& other) {
    if (wide.port == 0 || wide.port != other.port || wide == other) return false;
    if (wide.host.empty() || wide.host == "*") return true;
    const auto is_v6 = other.host.find(':') != std::string::npos;
    const auto is_v4 = !is_v6 && ip_address::parse(other.host).has_value();
    return (wide.host == "0.0.0.0" && is_v4) || (wide.host == "::" && is_v6);
}

/// Which address of the list another one of it takes as well, or nothing.
std::optional<std::string> find_taken_twice(const std::vector<endpoint>& listen) {
    for (const auto& wide : listen)
        for (const auto& other : listen)
            if (covers(wide, other))
                return quote(format_endpoint(other)) + " is part of " + quote(format_endpoint(wide)) +
                       " already; remove one of the two";
    return std::nullopt;
}

void find_slash_takers(const site_settings& site, std::vector<std::string>& risks) {
    http::redirect_rules rules;
    for (const auto& one : site.redirects)
        if (rules.add(one.name, one.text())) return;  // told as an error
    if (const auto rule = rules.find_slash_taker())
        risks.push_back(
            "redirects: " + quote(site.redirects[*rule].name) +
            " takes the slash from the end of an address; where that is a folder, it is led back, in a "
            "circle; let the rule match only what is no folder");
}

}  // namespace

std::vector<std::string_view> fit_defaults(settings& all, const is_given& given) {
    std::vector<std::string_view> changed;
    auto& limits = all.limits;
    if (given("limits.connections") && !given("limits.connections_hard")) {
        limits.connections_hard = quarter_above(limits.connections);
        changed.push_back("limits.connections_hard");
    }
    if (!given("limits.idle_timeout_pressed") && limits.idle_timeout_pressed > limits.idle_timeout) {
        limits.idle_timeout_pressed = limits.idle_timeout;
        changed.push_back("limits.idle_timeout_pressed");
    }
    fit_log_defaults(all.log, given, changed);
    return changed;
}

std::vector<contradiction> find_contradictions(const settings& all,
                                               const std::function<bool(std::string_view)>& usable) {
    std::vector<contradiction> found;
    const auto all_usable = [&](std::initializer_list<std::string_view> paths) {
        return std::all_of(paths.begin(), paths.end(), usable);
    };
    const auto& limits = all.limits;
    if (all_usable({"limits.connections", "limits.connections_hard"}) &&
        limits.connections_hard < limits.connections)
        found.push_back(
            {"limits.connections_hard",
             "it is " + std::to_string(limits.connections_hard) + ", below limits.connections (" +
                 std::to_string(limits.connections) +
                 "), so no refused client could get a 503; raise it, or leave it out: then it is a quarter "
                 "above limits.connections"});
    if (all_usable({"limits.idle_timeout", "limits.idle_timeout_pressed"}) &&
        limits.idle_timeout_pressed > limits.idle_timeout)
        found.push_back({"limits.idle_timeout_pressed",
                         "it is " + format_time(limits.idle_timeout_pressed) +
                             ", above limits.idle_timeout (" + format_time(limits.idle_timeout) +
                             "), but must be the shorter of the two; lower it"});
    if (all_usable({"root", "uploads.directory", "uploads.path", "uploads.inside_root"}) &&
        !all.uploads.path.empty() && !all.uploads.inside_root)
        if (auto overlap = overlap_of(all.uploads.directory, all.site.delivery.root))
            found.push_back({"uploads.directory", std::move(*overlap)});
    for (auto& wrong : find_log_contradictions(all.log))
        if (usable(wrong.path)) found.push_back(std::move(wrong));
    for (auto& wrong : find_contradictions(all.site.delivery))
        if (usable(wrong.path)) found.push_back(std::move(wrong));
    if (usable("listen"))
        if (auto taken = find_taken_twice(all.listen)) found.push_back({"listen", std::move(*taken)});
    if (all_usable({"listen", "admin.listen"}))
        for (const auto& where : all.admin.listen)
            if (where.port != 0 && std::find(all.listen.begin(), all.listen.end(), where) != all.listen.end())
                found.push_back(
                    {"admin.listen", quote(format_endpoint(where)) +
                                         " is an address of the site (listen) already; use another port"});
    return found;
}

std::vector<contradiction> find_contradictions(const delivery_settings& delivery) {
    std::vector<contradiction> found;
    const auto& cors = delivery.cors;
    if (!cors.origins.empty()) {
        if (auto wrong = http::cors_policy::find_fault(cors_options_of(cors)))
            found.push_back({table()[*find_setting("cors." + std::string(wrong->option))].path,
                             std::move(wrong->message)});
    }
    if (auto parsed = http::field_rules::parse(delivery.headers); !parsed)
        found.push_back({"headers", "together with those above: " + parsed.error()});
    for (auto& wrong : find_access_contradictions(delivery)) found.push_back(std::move(wrong));
    if (auto wrong = find_contradiction(delivery.rate)) found.push_back(std::move(*wrong));
    const auto& fastcgi = delivery.fastcgi;
    if (fastcgi.has_scripts())
        for (const auto& extension : fastcgi.extensions)
            for (const auto& [other, program] : delivery.cgi.programs)
                if (other == extension)
                    found.push_back({"fastcgi.extensions",
                                     quote(extension) +
                                         " is what cgi.programs runs, too; take it out of one of the two"});
    if (!fastcgi.servers.empty() && fastcgi.script.empty() && fastcgi.extensions.empty())
        found.push_back({"fastcgi.extensions",
                         "without an extension, and without fastcgi.script, nothing is a script; list one"});
    return found;
}

std::vector<std::string> find_risks(const settings& all) {
    std::vector<std::string> risks;
    for (const auto& text : all.trusted_proxies)
        if (const auto network = ip_network::parse(text); network && network->length() == 0)
            risks.push_back(
                "trusted_proxies: " + quote(text) +
                " is everybody, so that each client can choose the address it has in rules, rates and "
                "logs; list the proxies");
    for (const auto& where : all.admin.listen)
        if (!is_loopback(where))
            risks.push_back(
                "admin.listen: " + quote(format_endpoint(where)) +
                " may be reached from other machines, and metrics are shown to everyone who asks; "
                "use 127.0.0.1 unless the network is private");
    find_slash_takers(all.site, risks);
    for (const auto& one : all.sites) find_slash_takers(one, risks);
    for (auto& risk : find_access_risks(all)) risks.push_back(std::move(risk));
    for (auto& risk : find_log_risks(all)) risks.push_back(std::move(risk));
    if (!all.site.delivery.fastcgi.script.empty() && all.site.delivery.fastcgi.servers.empty())
        risks.push_back("fastcgi.script: nobody runs it; list the application in fastcgi.servers");
    const auto& tunnels = all.site.connect;
    if (!tunnels.allow.empty() && tunnels.tunnels >= all.limits.connections)
        risks.push_back("connect.tunnels: it is " + std::to_string(tunnels.tunnels) +
                        ", so tunnels may take all of limits.connections (" +
                        std::to_string(all.limits.connections) + "); lower it");
    return risks;
}

std::optional<std::string> overlap_of(const std::string& directory, const std::string& root) {
    constexpr auto if_meant = ", or set uploads.inside_root to true if that is meant";
    if (is_inside(directory, root))
        return quote(directory) + " lies inside root " + quote(root) +
               ", so everyone could fetch what was uploaded; choose a directory outside of it" + if_meant;
    if (is_inside(root, directory))
        return "root " + quote(root) + " lies inside uploads.directory " + quote(directory) +
               ", so everyone who may upload could change what is published; choose a directory outside of "
               "it" +
               if_meant;
    return std::nullopt;
}

std::string real_path(const std::string& path) {
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : real.string();
}

bool is_inside(const std::string& inner, const std::string& outer) {
    if (!inner.starts_with(outer)) return false;
    return inner.size() == outer.size() || outer.ends_with('/') || inner[outer.size()] == '/';
}

bool may_share(const upload_settings& one, const upload_settings& other) noexcept {
    return one.durability == other.durability && one.quota == other.quota && one.min_free == other.min_free &&
           one.idempotency_time == other.idempotency_time && one.idempotency_keys == other.idempotency_keys;
}

}  // namespace fairlead::config
