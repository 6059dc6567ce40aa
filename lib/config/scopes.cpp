#include "config/scopes.hpp"

#include "base/text.hpp"
#include "config/cross_checks.hpp"
#include "config/describe.hpp"
#include "config/file_walk.hpp"
#include "http/host.hpp"

#include <algorithm>
#include <map>

namespace fairlead::config {
namespace {

/// Without the slash at its end: both forms mean the same route.
std::string route_path(std::string_view key) {
    if (key.ends_with('/')) key.remove_suffix(1);
    return std::string(key);
}

/// A name as hosts are compared: lower case, without port and trailing dot.
std::string canonical_name(std::string_view text) {
    const auto host = http::parse_host(text);
    auto name = to_lower(host ? host->name : text);
    if (name.ends_with('.')) name.pop_back();
    return name;
}

/// The names of a site, as they stand in its key.
std::vector<std::string> names_of(std::string_view key) {
    std::vector<std::string> names;
    for (const auto name : split(key, ',')) names.push_back(canonical_name(trim(name)));
    return names;
}

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

/// Two routes of one path, and routes on addresses that are taken.
void check_routes(const std::vector<given_scope>& routes, std::string_view prefix,
                  std::string_view upload_path, std::vector<complaint>& complaints) {
    std::map<std::string, const given_scope*, std::less<>> seen;
    for (const auto& route : routes) {
        const auto path = route_path(route.name);
        const auto pointer = pointer_to(pointer_to(prefix, "routes"), route.name);
        const auto [first, is_new] = seen.emplace(path, &route);
        if (!is_new)
            complaints.push_back(
                {route.at, pointer,
                 "it is the route of line " + std::to_string(first->second->at.line) +
                     " already (a slash at the end makes no difference); remove one of the two"});
        if (!upload_path.empty() && (path == upload_path || path == "/uploads"))
            complaints.push_back({route.at, pointer,
                                  "this address belongs to uploads (uploads.path is " + quote(upload_path) +
                                      ", stored documents are below \"/uploads/\"); choose another path"});
    }
}

/// What takes uploads, and where it says so.
struct upload_place {
    const upload_settings* uploads;
    position at;
    std::string pointer;  ///< of its directory
};

/// Every route that takes uploads. A site itself has no address for them.
void find_upload_places(const std::vector<given_scope>& scopes, const std::string& prefix, bool are_sites,
                        std::vector<upload_place>& places, std::vector<complaint>& complaints) {
    for (const auto& scope : scopes) {
        const auto pointer = pointer_to(prefix, scope.name);
        for (const auto& [row, at] : scope.given) {
            if (table()[row].path != "uploads.directory") continue;
            if (are_sites)
                complaints.push_back({at, pointer + "/uploads/directory",
                                      "a site takes uploads in its routes: write it into one of them"});
            else
                places.push_back({&scope.values.uploads, at, pointer + "/uploads/directory"});
        }
        find_upload_places(scope.routes, pointer + "/routes", false, places, complaints);
    }
}

/// A root of a site or route that would publish what is uploaded at `place`.
void check_roots(const std::vector<given_scope>& scopes, const std::string& prefix,
                 const upload_settings& uploads, std::vector<complaint>& complaints) {
    for (const auto& scope : scopes) {
        const auto pointer = pointer_to(prefix, scope.name);
        const auto& root = scope.values.site.delivery.root;
        for (const auto& [row, at] : scope.given)
            if (table()[row].path == "root" && is_inside(uploads.directory, root))
                complaints.push_back({at, pointer + "/root", uploads_inside(uploads.directory, root)});
        check_roots(scope.routes, pointer + "/routes", uploads, complaints);
    }
}

/// Uploads that would be published by any root, and two that share a directory but not its rules.
void check_uploads(const given_scopes& scopes, const settings& above, std::vector<complaint>& complaints) {
    std::vector<upload_place> places;
    find_upload_places(scopes.routes, "/routes", false, places, complaints);
    find_upload_places(scopes.sites, "/sites", true, places, complaints);
    if (!above.uploads.path.empty() && !above.uploads.inside_root) {
        check_roots(scopes.routes, "/routes", above.uploads, complaints);
        check_roots(scopes.sites, "/sites", above.uploads, complaints);
    }
    for (const auto& place : places) {
        const auto& mine = *place.uploads;
        if (!mine.inside_root && is_inside(mine.directory, above.site.delivery.root))
            complaints.push_back(
                {place.at, place.pointer, uploads_inside(mine.directory, above.site.delivery.root)});
        if (!mine.inside_root) {
            check_roots(scopes.routes, "/routes", mine, complaints);
            check_roots(scopes.sites, "/sites", mine, complaints);
        }
        const auto check_shared = [&](const upload_settings& other) {
            if (mine.directory != other.directory) {
                if (is_inside(mine.directory, other.directory) || is_inside(other.directory, mine.directory))
                    complaints.push_back(
                        {place.at, place.pointer,
                         "uploads into " + quote(mine.directory) + " and " + quote(other.directory) +
                             " would lie inside of each other; give each its own directory"});
                return;
            }
            if (!may_share(mine, other))
                complaints.push_back({place.at, place.pointer,
                                      "another place uploads into " + quote(mine.directory) +
                                          ", too: durability, quota, min_free, idempotency_time and "
                                          "idempotency_keys have to be the same there"});
        };
        if (!above.uploads.path.empty()) check_shared(above.uploads);
        for (const auto* other = places.data(); other != &place; ++other) check_shared(*other->uploads);
    }
}

/// A name that two sites claim.
void check_names(const given_scopes& scopes, const settings& above, std::vector<complaint>& complaints) {
    std::map<std::string, std::string, std::less<>> claimed;
    for (const auto& name : above.site.hosts)
        claimed.emplace(canonical_name(name), "the default site (hosts)");
    for (const auto& site : scopes.sites)
        for (const auto& name : names_of(site.name)) {
            const auto [first, is_new] =
                claimed.emplace(name, "the site of line " + std::to_string(site.at.line));
            if (!is_new)
                complaints.push_back({site.at, pointer_to("/sites", site.name),
                                      quote(name) + " belongs to " + first->second + " already; remove one"});
        }
}

bool has_own_limits(const given_scope& scope) {
    return scope.has("limits.in_flight") || scope.has("limits.queue") || scope.has("limits.queue_timeout");
}

route_settings route_of(const given_scope& scope) {
    route_settings route;
    route.path = route_path(scope.name);
    route.delivery = scope.values.site.delivery;
    route.has_own_root = scope.has("root");
    route.has_own_limits = has_own_limits(scope);
    route.limits = scope.values.limits;
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
        scopes.sites = reader.read(*find_scope_row("sites", scope::program), *sites, "", common);
    }
    check_routes(scopes.routes, "", above.uploads.path, complaints);
    for (const auto& site : scopes.sites)
        check_routes(site.routes, pointer_to("/sites", site.name), {}, complaints);
    check_names(scopes, above, complaints);
    check_uploads(scopes, above, complaints);
    return scopes;
}

void apply_scopes(const given_scopes& scopes, settings& all) {
    all.site.routes = routes_of(scopes.routes);
    for (const auto& scope : scopes.sites) {
        auto site = scope.values.site;
        site.hosts = names_of(scope.name);
        site.has_own_limits = has_own_limits(scope);
        site.limits = scope.values.limits;
        site.routes = routes_of(scope.routes);
        all.sites.push_back(std::move(site));
    }
}

}  // namespace fairlead::config
