#include "config/scope_checks.hpp"

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "config/access_checks.hpp"
#include "config/cross_checks.hpp"
#include "config/endpoint.hpp"
#include "http/host.hpp"

#include <algorithm>
#include <map>

namespace fairlead::config {
namespace {

/// A name as hosts are compared: lower case, without port and trailing dot.
std::string canonical_name(std::string_view text) {
    const auto host = http::parse_host(text);
    auto name = to_lower(host ? host->name : text);
    if (name.ends_with('.')) name.pop_back();
    return name;
}

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
            if (auto overlap = overlap_of(uploads.directory, root); overlap && table()[row].path == "root")
                complaints.push_back({at, pointer + "/root", std::move(*overlap)});
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
        if (!mine.inside_root) {
            if (auto overlap = overlap_of(mine.directory, above.site.delivery.root))
                complaints.push_back({place.at, place.pointer, std::move(*overlap)});
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

/// A site at an address of the admin listener.
void check_addresses(const given_scopes& scopes, const settings& above, std::vector<complaint>& complaints) {
    for (const auto& site : scopes.sites) {
        if (!site.has("listen")) continue;
        for (const auto& where : site.values.listen)
            if (where.port != 0 && std::find(above.admin.listen.begin(), above.admin.listen.end(), where) !=
                                       above.admin.listen.end())
                complaints.push_back({site.at, pointer_to("/sites", site.name),
                                      "its address " + quote(format_endpoint(where)) +
                                          " is that of admin.listen; use another port"});
    }
}

/// A name as it is told apart from others: an IPv6 address has many spellings.
std::string identity_of(const std::string& name) {
    const bool has_brackets = name.starts_with('[') && name.ends_with(']');
    const auto address = ip_address::parse(has_brackets ? name.substr(1, name.size() - 2) : name);
    return address ? address->to_string() : name;
}

/// A name that two sites claim on one address. Sites on addresses of their own may have the same names.
void check_names(const given_scopes& scopes, const settings& above, std::vector<complaint>& complaints) {
    std::map<std::pair<std::string, std::string>, std::string> claimed;
    for (const auto& where : above.listen)
        for (const auto& name : above.site.hosts)
            claimed.emplace(std::pair(format_endpoint(where), identity_of(canonical_name(name))),
                            "the default site (hosts)");
    for (const auto& site : scopes.sites)
        for (const auto& name : names_of(site.name)) {
            std::string owner;
            for (const auto& where : site.values.listen) {
                const auto [first, is_new] =
                    claimed.emplace(std::pair(format_endpoint(where), identity_of(name)),
                                    "the site of line " + std::to_string(site.at.line));
                if (!is_new) owner = first->second;
            }
            if (!owner.empty())
                complaints.push_back({site.at, pointer_to("/sites", site.name),
                                      quote(name) + " belongs to " + owner + " already; remove one"});
        }
}

bool takes_one_of(const upload_settings& uploads, std::initializer_list<std::string_view> ways) {
    return std::any_of(uploads.accept.begin(), uploads.accept.end(), [&](const auto& way) {
        return std::find(ways.begin(), ways.end(), way) != ways.end();
    });
}

/// What a route would need to take the method; empty when it does.
std::string what_takes(std::string_view method, const settings& values, bool takes_uploads) {
    const auto& uploads = values.uploads;
    // A script takes what it likes.
    if (values.site.delivery.cgi.is_on() || values.site.delivery.fastcgi.is_on()) return {};
    if (method == "GET" || method == "HEAD" || method == "OPTIONS") return {};
    if (method == "POST" && (!takes_uploads || !takes_one_of(uploads, {"json", "raw", "form"})))
        return "it needs uploads.directory, and json, raw or form in uploads.accept";
    if (method == "PUT" && (!takes_uploads || !takes_one_of(uploads, {"put"})))
        return "it needs uploads.directory, and put in uploads.accept";
    if (method == "DELETE" && (!takes_uploads || !takes_one_of(uploads, {"delete"})))
        return "it needs uploads.directory, and delete in uploads.accept";
    if (method == "POST" || method == "PUT" || method == "DELETE") return {};
    return "no handler of a route has this method";
}

/// A route that lists a method which nothing in it takes: it could never be answered.
void check_methods(const std::vector<given_scope>& scopes, const std::string& prefix,
                   std::vector<complaint>& complaints) {
    for (const auto& scope : scopes) {
        const auto pointer = pointer_to(prefix, scope.name);
        check_methods(scope.routes, pointer + "/routes", complaints);
        for (const auto& [row, at] : scope.given) {
            if (table()[row].path != "methods" || prefix.ends_with("/sites")) continue;
            const bool takes_uploads = scope.has("uploads.directory");
            for (const auto& method : scope.values.site.delivery.methods)
                if (const auto needed = what_takes(method, scope.values, takes_uploads); !needed.empty())
                    complaints.push_back(
                        {at, pointer + "/methods",
                         quote(method) + " is taken by nothing here: " + needed + ", or remove it"});
        }
    }
}

/// Destinations that no request can ask for.
void check_tunnels(const std::vector<given_scope>& sites, std::vector<complaint>& complaints) {
    for (const auto& site : sites)
        for (const auto& [row, at] : site.given) {
            if (table()[row].path != "connect.allow" || site.has("listen")) continue;
            if (site.values.site.connect.allow.empty()) continue;
            complaints.push_back(
                {at, pointer_to("/sites", site.name) + "/connect/allow",
                 "CONNECT names no site, so tunnels belong to the first one of an address: give this site "
                 "addresses of its own (listen), or write the destinations at the top"});
        }
}

}  // namespace

std::string route_path(std::string_view key) {
    if (key.ends_with('/')) key.remove_suffix(1);
    return std::string(key);
}

std::vector<std::string> names_of(std::string_view key) {
    std::vector<std::string> names;
    for (const auto name : split(key, ',')) names.push_back(canonical_name(trim(name)));
    return names;
}

void check_scopes(const given_scopes& scopes, const settings& above, std::vector<complaint>& complaints) {
    check_routes(scopes.routes, "", above.uploads.path, complaints);
    for (const auto& site : scopes.sites)
        check_routes(site.routes, pointer_to("/sites", site.name), {}, complaints);
    check_methods(scopes.routes, "/routes", complaints);
    check_methods(scopes.sites, "/sites", complaints);
    check_addresses(scopes, above, complaints);
    check_names(scopes, above, complaints);
    check_uploads(scopes, above, complaints);
    check_route_access(scopes, above, complaints);
    check_tunnels(scopes.sites, complaints);
}

}  // namespace fairlead::config
