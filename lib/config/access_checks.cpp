#include "config/access_checks.hpp"

#include "config/endpoint.hpp"
#include "config/json_source.hpp"
#include "config/reachable.hpp"
#include "config/scope_checks.hpp"
#include "http/access_rules.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

/// The rules that a level has itself, and not from the one above it; what is wrong with one was said before.
http::access_rules own_rules(const named_values& merged, const named_values& above) {
    http::access_rules rules;
    for (const auto& one : merged)
        if (std::find(above.begin(), above.end(), one) == above.end()) (void)rules.add(one.name, one.text());
    return rules;
}

constexpr std::string_view no_method =
    "it can never decide, since methods has none of its methods: add one there, or remove it";

/// Where the scope has the setting itself.
std::optional<position> place_of(std::string_view setting, const given_scope& scope) {
    for (const auto& [row, at] : scope.given)
        if (table()[row].path == setting) return at;
    return std::nullopt;
}

void check_users_place(const given_scope& scope, const std::string& prefix, const settings& all,
                       std::vector<complaint>& complaints) {
    const auto pointer = pointer_to(prefix, scope.name);
    if (const auto at = place_of("auth.users", scope))
        if (auto fault = fault_of_users_place(scope.values.site.delivery.auth.users, all))
            complaints.push_back({*at, pointer + "/auth/users", std::move(*fault)});
    for (const auto& route : scope.routes) check_users_place(route, pointer + "/routes", all, complaints);
}

void check_route(const given_scope& route, const named_values& above, const std::string& prefix,
                 std::vector<complaint>& complaints) {
    const auto at = place_of("access", route);
    if (!at) return;
    const auto& delivery = route.values.site.delivery;
    const auto rules = own_rules(delivery.access, above);
    const auto path = route_path(route.name);
    const auto complain = [&](const std::string& rule, const std::string& why) {
        complaints.push_back({*at, pointer_to(pointer_to(prefix, route.name) + "/access", rule), why});
    };
    if (const auto rule = rules.find_outside(path))
        complain(*rule, "it can never decide, since all paths here are " + quote(path) +
                            " or below it: write whole paths, or move it to the top");
    if (delivery.methods.empty()) return;
    if (const auto rule = rules.find_unused(delivery.methods)) complain(*rule, std::string(no_method));
}

/// The methods that some places list.
struct listed_methods {
    std::vector<std::string> names;
    bool are_all = false;  ///< one of them lists none, and so answers all that there is

    void add(const delivery_settings& place, const std::vector<given_scope>& routes) {
        are_all |= place.methods.empty();
        names.insert(names.end(), place.methods.begin(), place.methods.end());
        for (const auto& route : routes) add(route.values.site.delivery, {});
    }
};

/// Rules of a site that neither it nor one of its routes has a method for.
void check_site(const given_scope& site, const named_values& above, std::vector<complaint>& complaints) {
    const auto at = place_of("access", site);
    if (!at) return;
    const auto& delivery = site.values.site.delivery;
    listed_methods methods;
    methods.add(delivery, site.routes);
    if (methods.are_all) return;
    if (const auto rule = own_rules(delivery.access, above).find_unused(methods.names))
        complaints.push_back(
            {*at, pointer_to(pointer_to("/sites", site.name) + "/access", *rule), std::string(no_method)});
}

bool has_unused_users(const delivery_settings& delivery) {
    return !delivery.auth.users.empty() && delivery.access.empty();
}

void find_site_risks(const site_settings& site, std::vector<std::string>& files) {
    const auto uses = [](const route_settings& route) { return !route.delivery.access.empty(); };
    if (has_unused_users(site.delivery) && std::none_of(site.routes.begin(), site.routes.end(), uses))
        files.push_back(site.delivery.auth.users);
    for (const auto& route : site.routes)
        if (has_unused_users(route.delivery) && route.delivery.auth.users != site.delivery.auth.users)
            files.push_back(route.delivery.auth.users);
}

bool has_users(const site_settings& site) {
    const auto has = [](const delivery_settings& delivery) {
        return !delivery.auth.users.empty() && !delivery.access.empty();
    };
    return has(site.delivery) || std::any_of(site.routes.begin(), site.routes.end(),
                                             [&](const auto& route) { return has(route.delivery); });
}

void find_plain_passwords(const site_settings& site, const std::vector<endpoint>& listeners,
                          std::vector<std::string>& risks) {
    if (!has_users(site)) return;
    const auto open = std::find_if_not(listeners.begin(), listeners.end(), is_loopback);
    if (open == listeners.end()) return;
    risks.push_back(
        "auth.users: passwords are not encrypted on their way to " + quote(format_endpoint(*open)) +
        ", which other machines may reach; listen on 127.0.0.1 behind a proxy with TLS, unless the "
        "network is private");
}

}  // namespace

std::vector<contradiction> find_access_contradictions(const delivery_settings& delivery) {
    http::access_rules rules;
    for (const auto& one : delivery.access) (void)rules.add(one.name, one.text());
    std::vector<contradiction> found;
    const auto groups = http::user_groups::parse(delivery.auth.groups);
    if (groups)
        if (auto unknown = rules.resolve(*groups)) found.push_back({"access", std::move(*unknown)});
    if (rules.needs_users() && delivery.auth.users.empty())
        found.push_back({"access",
                         "it asks for users, but nobody is known here: name a file of users in auth.users "
                         "(lines are made by \"fairlead hash-password --user NAME\")"});
    return found;
}

void check_route_access(const given_scopes& scopes, const settings& above,
                        std::vector<complaint>& complaints) {
    for (const auto& route : scopes.routes)
        check_route(route, above.site.delivery.access, "/routes", complaints);
    for (const auto& site : scopes.sites) check_site(site, above.site.delivery.access, complaints);
    for (const auto& site : scopes.sites)
        for (const auto& route : site.routes)
            check_route(route, site.values.site.delivery.access, pointer_to("/sites", site.name) + "/routes",
                        complaints);
}

std::optional<contradiction> find_unused_rule(const given_scopes& scopes, const settings& above) {
    const auto& top = above.site.delivery;
    listed_methods methods;
    methods.add(top, scopes.routes);
    for (const auto& site : scopes.sites) methods.add(site.values.site.delivery, site.routes);
    if (methods.are_all) return std::nullopt;
    const auto rule = own_rules(top.access, {}).find_unused(methods.names);
    if (!rule) return std::nullopt;
    return contradiction{"access", quote(*rule) + ": " + std::string(no_method)};
}

std::optional<std::string> fault_of_users_place(const std::string& file, const settings& all) {
    if (file.empty()) return std::nullopt;
    const auto folders = reachable_folders(all);
    const auto* const within = find_around(file, folders);
    if (!within) return std::nullopt;
    return quote(file) + " lies inside " + std::string(within->setting) + " " + quote(within->directory) +
           ", where clients may read or replace it; move it to a directory outside of it";
}

void check_users_places(const given_scopes& scopes, const settings& all, std::vector<complaint>& complaints) {
    for (const auto& route : scopes.routes) check_users_place(route, "/routes", all, complaints);
    for (const auto& site : scopes.sites) check_users_place(site, "/sites", all, complaints);
}

std::vector<std::string> find_access_risks(const settings& all) {
    std::vector<std::string> unused, risks;
    find_site_risks(all.site, unused);
    for (const auto& site : all.sites)
        if (site.delivery.auth.users != all.site.delivery.auth.users) find_site_risks(site, unused);
    for (const auto& file : unused)
        risks.push_back(
            "auth.users: " + quote(file) +
            " protects nothing, since there are no rules that ask for users; write some, for example "
            "\"access\": {\"/**\": \"users\"}");
    find_plain_passwords(all.site, all.listen, risks);
    for (const auto& site : all.sites)
        find_plain_passwords(site, site.listen.empty() ? all.listen : site.listen, risks);
    return risks;
}

}  // namespace fairlead::config
