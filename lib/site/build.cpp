#include "site/build.hpp"

#include "handlers/status_pages.hpp"
#include "http/builtin_media_types.hpp"
#include "site/listening.hpp"
#include "site/site_builder.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fairlead::site {
namespace {

http::media_type_table load_media_types(const std::string& file) {
    std::string text(http::builtin_media_types);
    if (!file.empty()) {
        std::ifstream in(file);
        std::ostringstream read;
        read << in.rdbuf();
        if (!in) throw std::runtime_error("mime_types: cannot read " + file);
        text = read.str();
    }
    std::vector<std::string> errors;
    auto table = http::media_type_table::parse(text, errors);
    if (!errors.empty()) throw std::runtime_error("mime_types: " + file + ", " + errors.front());
    return table;
}

/// The addresses that are listened on are names of the first site.
void add_listeners(http::host_table& hosts, const std::vector<config::endpoint>& listeners) {
    for (const auto& where : listeners)
        if (!where.host.empty() && where.host != "*" && where.host != "0.0.0.0" && where.host != "::")
            hosts.add(where.host);
}

bool listens_everywhere(const std::vector<config::endpoint>& listeners) {
    for (const auto& where : listeners)
        if (where.host.empty() || where.host == "*" || where.host == "0.0.0.0" || where.host == "::")
            return true;
    return false;
}

/// `/livez`: the process answers. `/readyz`, `/healthz`: it should get requests.
void add_health(named_site& to, const surroundings& around,
                const std::vector<std::unique_ptr<shared_store>>& stores, bool allows_verbose) {
    auto& routes = to.routes;
    const auto& whole = *to.parts.front();
    std::vector<handlers::health_check> ready;
    ready.push_back({"accepting", [&is_leaving = around.is_leaving] { return !is_leaving.load(); }});
    if (!stores.empty()) {
        const auto all = [&stores](auto holds) {
            return [&stores, holds] { return std::all_of(stores.begin(), stores.end(), holds); };
        };
        ready.push_back({"disk", all([](const auto& one) { return !one->store.health().has_failed(); })});
        // A full disk keeps nobody from reading, and a restart, which is what some orchestrators do to who is
        // not ready, does not empty it.
        ready.push_back({"uploads", all([](const auto& one) { return one->store.takes_uploads(); }), false});
    }
    const auto live =
        std::make_shared<handlers::health_page>(std::vector<handlers::health_check>{}, allows_verbose);
    const auto readiness = std::make_shared<handlers::health_page>(std::move(ready), allows_verbose);
    routes.add(router::match::exact, "/livez", live, whole);
    routes.add(router::match::exact, "/readyz", readiness, whole);
    routes.add(router::match::exact, "/healthz", readiness, whole);
}

http::proxy_rules proxy_rules_of(const config::settings& settings) {
    auto trusted = ip_networks::parse(settings.trusted_proxies);
    if (!trusted) throw std::runtime_error("trusted_proxies: " + trusted.error());
    http::proxy_rules rules{std::move(*trusted)};
    switch (settings.proxy_field) {
        case config::proxy_field::automatic: rules.field = http::proxy_field::automatic; break;
        case config::proxy_field::forwarded: rules.field = http::proxy_field::forwarded; break;
        case config::proxy_field::x_forwarded_for: rules.field = http::proxy_field::x_forwarded_for; break;
    }
    return rules;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

/// What is served on some addresses. Of `all`, the default site is the first.
std::unique_ptr<site> make_pages(const listening& where, const config::settings& settings,
                                 const named_sites& all, const http::proxy_rules& proxies,
                                 telemetry::log& log) {
    named_sites here;
    http::host_table hosts;
    for (const auto index : where.sites) {
        const auto& names = index == 0 ? settings.site.hosts : settings.sites[index - 1].hosts;
        for (const auto& name : names) hosts.add(name, here.size());
        here.push_back(all[index]);
    }
    // Last, since what is listed counts before what is only where we listen.
    add_listeners(hosts, where.at);
    return std::make_unique<site>(std::move(hosts), std::move(here), log, proxies);
}

std::unique_ptr<site> make_admin(const config::settings& settings, const surroundings& around,
                                 const std::vector<std::unique_ptr<shared_store>>& stores) {
    auto made = std::make_shared<named_site>();
    made->parts.push_back(std::make_unique<part>());
    made->parts.front()->fields = *http::field_rules::parse(http::default_security_fields());
    add_health(*made, around, stores, true);
    made->routes.add(
        router::match::exact, "/metrics",
        std::make_shared<handlers::metrics_page>([&metrics = around.metrics] { return metrics.text(); },
                                                 std::string(telemetry::metrics::content_type)),
        *made->parts.front());
    http::host_table hosts(settings.site.hosts);
    add_listeners(hosts, settings.admin.listen);
    return std::make_unique<site>(std::move(hosts), named_sites{std::move(made)}, around.log);
}

using shared_sites = std::vector<std::shared_ptr<named_site>>;

/// The sites with their handlers and what they are built of; the default site is the first.
shared_sites build_sites(site_resources& owned, const config::settings& settings,
                         const surroundings& around) {
    site_builder builder(owned, settings, around);
    shared_sites sites;
    sites.push_back(std::make_shared<named_site>(builder.build(settings.site)));
    for (const auto& one : settings.sites) sites.push_back(std::make_shared<named_site>(builder.build(one)));
    if (!settings.uploads.path.empty()) builder.add_uploads(*sites.front());
    for (std::size_t i = 0; i < sites.size(); ++i)
        guard(*sites[i], i == 0 ? settings.site : settings.sites[i - 1], owned.access,
              settings.limits.retry_after, around.metrics, around.log);
    for (const auto& one : sites) add_health(*one, around, owned.stores, false);
    return sites;
}

std::vector<std::string> summary_of(const config::settings& settings, const site_resources& owned) {
    std::vector<std::string> lines{"serving " + settings.site.delivery.root};
    for (const auto& one : settings.sites)
        lines.push_back("serving " + one.delivery.root + " as " + joined(one.hosts));
    for (const auto& one : owned.stores)
        lines.push_back("taking uploads into " + one->directory.string() + " (durability " +
                        (one->store.is_durable() ? "full" : "off") + ")");
    return lines;
}

/// What works, but perhaps not as its operator thinks.
void warn(const config::settings& settings, const site_resources& owned, telemetry::log& log) {
    for (const auto& one : owned.stores) {
        for (const auto& warning : one->store.warnings()) log.warn("{}", warning);
        if (!one->store.keeps_digests())
            log.warn(
                "the file system of {} has no extended attributes: the digests of uploads are told, but not "
                "kept, and entity tags change with a file's metadata",
                one->directory.string());
    }
    if (settings.site.hosts.empty() && settings.sites.empty() && listens_everywhere(settings.listen))
        log.warn(
            "listening on every address, but \"hosts\" is empty: only loopback names are answered, "
            "any other Host gets 403");
}

}  // namespace

built_sites build(const config::settings& settings, const surroundings& around) {
    auto owned = std::make_shared<site_resources>(settings, around, load_media_types(settings.mime_types));
    const auto sites = build_sites(*owned, settings, around);
    warn(settings, *owned, around.log);
    built_sites built;
    built.summary = summary_of(settings, *owned);
    const auto proxies = proxy_rules_of(settings);
    for (const auto& where : plan_listeners(settings))
        built.pages.push_back(
            {where.at, make_pages(where, settings, {sites.begin(), sites.end()}, proxies, around.log)});
    built.admin = make_admin(settings, around, owned->stores);

    auto& kept = *owned;
    built.keep_house = [&kept, &log = around.log, sites] {
        kept.keep_house(log);
        for (const auto& one : sites)
            for (const auto& its : one->parts) its->pages.refresh();
    };
    built.keep_house();
    built.make_room = [&kept] { kept.make_room(); };
    built.expire = [&kept](limits::work_limit::clock::time_point now) { kept.expire(now); };
    built.abandon = [&kept] { kept.abandon(); };
    if (kept.rates)
        around.metrics.watch(telemetry::source::rates_forgiven,
                             [&rates = *kept.rates] { return static_cast<double>(rates.forgiven()); });
    built.resources = std::move(owned);
    return built;
}

}  // namespace fairlead::site
