#include "config/scopes.hpp"

#include "config/cross_checks.hpp"
#include "config/describe.hpp"
#include "config/file_walk.hpp"
#include "config/scope_checks.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

class scope_reader {
public:
    scope_reader(const std::function<void(std::size_t row, settings&)>& make_absolute,
                 std::vector<complaint>& complaints)
        : make_absolute_(make_absolute), complaints_(complaints) {}

    /// The members of `value`, which `row` opens; `above` is what they begin with.
    std::vector<given_scope> read(const scope_row& row, const node& value, std::string_view prefix,
                                  const settings& above) {
        std::vector<given_scope> scopes;
        const auto pointer = pointer_to(prefix, row.key);
        if (value.is != node::form::object) {
            complaints_.push_back({value.at, pointer, expectation(row) + describe(value)});
            return scopes;
        }
        for_each_key(value, pointer, complaints_, [&](const member& one) {
            if (auto wrong = row.check(one.key))
                complaints_.push_back({one.at, pointer_to(pointer, one.key), "not usable: " + *wrong});
            else
                scopes.push_back(read_one(row, one, pointer_to(pointer, one.key), above));
        });
        return scopes;
    }

private:
    static std::string expectation(const scope_row& row) {
        return "expected an object, for example " + std::string(row.example) + ", found ";
    }

    given_scope read_one(const scope_row& row, const member& one, const std::string& pointer,
                         const settings& above) {
        given_scope scope;
        scope.name = one.key;
        scope.at = one.at;
        scope.values = above;
        // Pages lie below the root of the level that names them: those above are found there (site::part).
        scope.values.site.delivery.error_pages.clear();
        const node* routes = nullptr;
        walk_report report;
        report.found = [&](std::size_t index, position at, bool accepted) {
            scope.given.emplace_back(index, at);
            if (accepted) make_absolute_(index, scope.values);
        };
        report.scopes = [&](const scope_row&, const node& value) { routes = &value; };
        const auto before = complaints_.size();
        walk_scope(one.value, row.opens, pointer, scope.values, complaints_, report);
        if (complaints_.size() == before)
            for (auto& wrong : find_contradictions(scope.values.site.delivery))
                complaints_.push_back({one.at, pointer + pointer_of(wrong.path), std::move(wrong.message)});
        if (routes) scope.routes = read(*find_scope_row("routes", row.opens), *routes, pointer, scope.values);
        return scope;
    }

    const std::function<void(std::size_t row, settings&)>& make_absolute_;
    std::vector<complaint>& complaints_;
};

bool has_own_limits(const given_scope& scope) {
    return scope.has("limits.in_flight") || scope.has("limits.queue") || scope.has("limits.queue_timeout");
}

bool has_own_rate(const given_scope& scope) {
    return scope.has("rate.requests") || scope.has("rate.burst") || scope.has("rate.bytes") ||
           scope.has("rate.by");
}

route_settings route_of(const given_scope& scope) {
    route_settings route;
    route.path = route_path(scope.name);
    route.delivery = scope.values.site.delivery;
    route.has_own_root = scope.has("root");
    route.has_own_limits = has_own_limits(scope);
    route.limits = scope.values.limits;
    route.has_own_rate = has_own_rate(scope);
    route.takes_uploads = scope.has("uploads.directory");
    route.uploads = scope.values.uploads;
    return route;
}

std::vector<route_settings> routes_of(const std::vector<given_scope>& scopes) {
    std::vector<route_settings> routes;
    for (const auto& scope : scopes) routes.push_back(route_of(scope));
    return routes;
}

}  // namespace

bool given_scope::has(std::string_view path) const noexcept {
    return std::any_of(given.begin(), given.end(),
                       [&](const auto& one) { return table()[one.first].path == path; });
}

given_scopes read_scopes(const node* sites, const node* routes, const settings& above,
                         const std::function<void(std::size_t row, settings&)>& make_absolute,
                         std::vector<complaint>& complaints) {
    given_scopes scopes;
    scope_reader reader(make_absolute, complaints);
    if (routes) scopes.routes = reader.read(*find_scope_row("routes", scope::program), *routes, "", above);
    if (sites) {
        // Names, redirects and rewrites are a site's own.
        auto common = above;
        common.site.hosts.clear();
        common.site.redirects.clear();
        common.site.rewrites.clear();
        common.site.connect.allow.clear();  // what is open on one address is not open on another
        common.site.connect.networks.clear();
        scopes.sites = reader.read(*find_scope_row("sites", scope::program), *sites, "", common);
    }
    check_scopes(scopes, above, complaints);
    return scopes;
}

void apply_scopes(const given_scopes& scopes, settings& all) {
    all.site.routes = routes_of(scopes.routes);
    for (const auto& scope : scopes.sites) {
        auto site = scope.values.site;
        site.hosts = names_of(scope.name);
        if (scope.has("listen")) site.listen = scope.values.listen;
        site.has_own_limits = has_own_limits(scope);
        site.limits = scope.values.limits;
        site.has_own_rate = has_own_rate(scope);
        site.routes = routes_of(scope.routes);
        all.sites.push_back(std::move(site));
    }
}

}  // namespace fairlead::config
