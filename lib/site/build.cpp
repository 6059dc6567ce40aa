#include "site/build.hpp"

#include "files/open_files.hpp"
#include "files/sandbox.hpp"
#include "files/upload_store.hpp"
#include "handlers/json_upload.hpp"
#include "handlers/server_options.hpp"
#include "handlers/status_pages.hpp"
#include "http/builtin_media_types.hpp"
#include "site/folder.hpp"
#include "steps/redirects.hpp"

#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace fairlead::site {
namespace {

// Of all open-file caches together, and of what is kept compressed.
constexpr std::size_t cache_entries = 8192;
constexpr std::size_t coded_descriptors = 256;

/// What the handlers refer to. Built in this order, gone in the reverse one.
struct site_resources {
    site_resources(const config::settings& settings, http::media_type_table types)
        : media_types(std::move(types)), coded(settings.compression_cache, coded_descriptors) {}

    http::media_type_table media_types;
    handlers::coded_files coded;
    std::vector<std::unique_ptr<folder>> folders;
    std::unique_ptr<files::upload_store> uploads;
    folder stored;  ///< without files unless uploads are served
};

// A stored document is never active content: it is saved, and if a browser shows it all the same, it may do
// nothing.
constexpr std::string_view stored_fields =
    "Content-Disposition: attachment\r\nContent-Security-Policy: sandbox; default-src 'none'\r\n";

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
    if (!errors.empty()) throw std::runtime_error("mime_types: " + errors.front());
    return table;
}

http::host_table allowed_hosts(const std::vector<config::endpoint>& listeners,
                               const std::vector<std::string>& names) {
    http::host_table allowed(names);
    for (const auto& where : listeners)
        if (!where.host.empty() && where.host != "*" && where.host != "0.0.0.0" && where.host != "::")
            allowed.add(where.host);
    return allowed;
}

bool listens_everywhere(const std::vector<config::endpoint>& listeners) {
    for (const auto& where : listeners)
        if (where.host.empty() || where.host == "*" || where.host == "0.0.0.0" || where.host == "::")
            return true;
    return false;
}

/// `/livez`: the process answers. `/readyz`, `/healthz`: it should get requests.
void add_health(named_site& to, const surroundings& around, const files::upload_store* uploads,
                bool allows_verbose) {
    auto& routes = to.routes;
    const auto& whole = *to.parts.front();
    std::vector<handlers::health_check> ready;
    ready.push_back(
        {"accepting", [&around_draining = around.is_draining] { return !around_draining.load(); }});
    if (uploads) {
        ready.push_back({"disk", [uploads] { return !uploads->writes_failed(); }});
        // A full disk keeps nobody from reading, and a restart, which is what some orchestrators do to who is
        // not ready, does not empty it.
        ready.push_back({"uploads", [uploads] { return uploads->takes_documents(); }, false});
    }
    const auto live =
        std::make_shared<handlers::health_page>(std::vector<handlers::health_check>{}, allows_verbose);
    const auto readiness = std::make_shared<handlers::health_page>(std::move(ready), allows_verbose);
    routes.add(router::match::exact, "/livez", live, whole);
    routes.add(router::match::exact, "/readyz", readiness, whole);
    routes.add(router::match::exact, "/healthz", readiness, whole);
}

/// Builds the sites of the public listeners, one after the other.
class site_builder {
public:
    site_builder(site_resources& owned, const config::settings& settings, const surroundings& around)
        : owned_(owned),
          settings_(settings),
          around_(around),
          services_{owned.media_types, owned.coded, around.disk,
                    around.encoders,   around.work, share_of_cache()} {}

    named_site build(const config::site_settings& site) {
        named_site made;
        add_redirects(made, site);
        auto& whole = add_part(made, site.delivery, "/", nullptr);
        made.routes.add(router::match::prefix, "/", handler_of_last(site.delivery), whole);
        for (const auto& route : site.routes) {
            auto& part = add_part(made, route.delivery, route.has_own_root ? route.path + "/" : "/",
                                  route.has_own_limits ? &route.limits : nullptr);
            const auto target = handler_of_last(route.delivery);
            made.routes.add(router::match::exact, route.path, target, part);
            made.routes.add(router::match::prefix, route.path + "/", target, part);
        }
        made.routes.add(router::match::exact, "*", std::make_shared<handlers::server_options>(), whole);
        return made;
    }

    /// POST of documents, and GET of what was stored if that is wanted, as parts of `to`.
    void add_uploads(named_site& to) {
        const auto& uploads = settings_.uploads;
        if (!uploads.inside_root) files::refuse_inside(settings_.site.delivery.root, uploads.directory);
        owned_.uploads = std::make_unique<files::upload_store>(uploads.directory, uploads.durability);
        handlers::json_upload_options options;
        options.max_body = uploads.max_body;
        options.max_depth = uploads.max_depth;
        options.retry_after = settings_.limits.retry_after;
        const auto prefix = options.url_prefix;
        const auto& whole = *to.parts.front();
        to.routes.add(router::match::exact, uploads.path,
                      std::make_shared<handlers::json_upload>(std::move(options), *owned_.uploads,
                                                              around_.commits, around_.work, around_.metrics),
                      whole);
        // Not even whether a document exists is told where they are not served.
        to.routes.add(router::match::prefix, prefix,
                      uploads.serve ? stored_documents(prefix) : std::make_shared<handlers::nothing_here>(),
                      whole);
    }

private:
    /// Each folder has a cache of its own; together they are as large as one.
    files::open_files_limits share_of_cache() const {
        std::size_t folders = 2 + settings_.site.routes.size();
        for (const auto& one : settings_.sites) folders += 1 + one.routes.size();
        files::open_files_limits limits;
        limits.entries = std::max<std::size_t>(256, cache_entries / folders);
        limits.descriptors = std::max<std::size_t>(32, 2 * limits.descriptors / folders);
        limits.content_bytes = std::max<std::uint64_t>(1 << 20, 2 * limits.content_bytes / folders);
        return limits;
    }

    static void add_redirects(named_site& made, const config::site_settings& site) {
        http::redirect_rules moved;
        http::rewrite_rules rewritten;
        for (const auto& [from, to] : site.redirects)
            if (const auto wrong = moved.add(from, to.value_or("")))
                throw std::runtime_error("redirects: " + from + ": " + *wrong);
        for (const auto& [from, to] : site.rewrites)
            if (const auto wrong = rewritten.add(from, to.value_or("")))
                throw std::runtime_error("rewrites: " + from + ": " + *wrong);
        if (moved.empty() && rewritten.empty()) return;
        made.steps.push_back(std::make_unique<steps::redirects>(std::move(moved), std::move(rewritten)));
    }

    part& add_part(named_site& made, const config::delivery_settings& delivery, std::string url_prefix,
                   const config::limit_settings* limits) {
        owned_.folders.push_back(open_folder(delivery, std::move(url_prefix), services_));
        auto& folder = *owned_.folders.back();
        if (limits)
            folder.own_work = std::make_unique<limits::work_limit>(limits->in_flight, limits->queue,
                                                                   limits->queue_timeout, around_.metrics);
        auto part = make_part(folder, delivery, services_);
        part->above = made.parts.empty() ? default_part_ : made.parts.front().get();
        made.parts.push_back(std::move(part));
        if (!default_part_) default_part_ = made.parts.front().get();
        return *made.parts.back();
    }

    std::shared_ptr<handlers::handler> handler_of_last(const config::delivery_settings& delivery) {
        return make_handler(*owned_.folders.back(), delivery, services_, settings_.limits.retry_after);
    }

    std::shared_ptr<handlers::handler> stored_documents(const std::string& prefix) {
        auto& stored = owned_.stored;
        stored.rules.url_prefix = prefix;
        stored.rules.types = http::type_policy::from_words({"json"}).value();
        stored.rules.media_types = &owned_.media_types;
        stored.rules.caching = *http::cache_rules::parse({{"**", "private, no-cache"}});
        stored.rules.extra = stored_fields;
        files::open_files::rules asked;
        asked.head = [&rules = stored.rules](std::string_view path, const files::open_file& file) {
            return handlers::head_of(rules, path, file);
        };
        stored.files = std::make_unique<files::open_files>(files::sandbox::open(settings_.uploads.directory),
                                                           services_.cache, std::move(asked));
        config::delivery_settings delivery;
        delivery.index.clear();
        return make_handler(stored, delivery, services_, settings_.limits.retry_after);
    }

    site_resources& owned_;
    const config::settings& settings_;
    const surroundings& around_;
    const folder_services services_;
    const part* default_part_ = nullptr;  // of the site that is built first
};

}  // namespace

built_sites build(const config::settings& settings, const surroundings& around) {
    auto owned = std::make_shared<site_resources>(settings, load_media_types(settings.mime_types));
    built_sites built;
    site_builder builder(*owned, settings, around);
    auto hosts = allowed_hosts(settings.listen, settings.site.hosts);
    std::vector<named_site> sites;
    sites.push_back(builder.build(settings.site));
    built.summary.push_back("serving " + settings.site.delivery.root);
    for (const auto& one : settings.sites) {
        std::string names;
        for (const auto& name : one.hosts) {
            hosts.add(name, sites.size());
            names.append(names.empty() ? "" : ", ").append(name);
        }
        built.summary.push_back("serving " + one.delivery.root + " as " + names);
        sites.push_back(builder.build(one));
    }
    if (!settings.uploads.path.empty()) {
        builder.add_uploads(sites.front());
        const bool full = owned->uploads->effective() == config::durability::full;
        built.summary.push_back("taking JSON at " + settings.uploads.path + " into " +
                                settings.uploads.directory + " (durability " + (full ? "full" : "off") + ")");
        for (const auto& warning : owned->uploads->warnings()) around.log.warn("{}", warning);
    }
    for (auto& one : sites) add_health(one, around, owned->uploads.get(), false);
    if (settings.site.hosts.empty() && settings.sites.empty() && listens_everywhere(settings.listen))
        around.log.warn(
            "listening on every address, but \"hosts\" is empty: only loopback names are answered, "
            "any other Host gets 403");
    built.pages = std::make_unique<site>(std::move(hosts), std::move(sites), around.log);

    named_site admin;
    admin.parts.push_back(std::make_unique<part>());
    admin.parts.front()->fields = *http::field_rules::parse(http::default_security_fields());
    add_health(admin, around, owned->uploads.get(), true);
    admin.routes.add(
        router::match::exact, "/metrics",
        std::make_shared<handlers::metrics_page>([&metrics = around.metrics] { return metrics.text(); },
                                                 std::string(telemetry::metrics::content_type)),
        *admin.parts.front());
    std::vector<named_site> admin_sites;
    admin_sites.push_back(std::move(admin));
    built.admin = std::make_unique<site>(allowed_hosts(settings.admin.listen, settings.site.hosts),
                                         std::move(admin_sites), around.log);

    built.keep_house = [&owned = *owned, &pages = *built.pages, largest = settings.uploads.max_body] {
        const auto now = files::open_files::steady::now();
        for (const auto& one : owned.folders) one->files->let_go_unused(now);
        if (owned.stored.files) owned.stored.files->let_go_unused(now);
        if (owned.uploads) owned.uploads->examine(largest);
        pages.refresh();
    };
    built.keep_house();
    built.make_room = [&owned = *owned] {
        for (const auto& one : owned.folders) (void)one->files->make_room();
        if (owned.stored.files) (void)owned.stored.files->make_room();
    };
    built.expire = [&owned = *owned](limits::work_limit::clock::time_point now) {
        for (const auto& one : owned.folders)
            if (one->own_work) one->own_work->expire(now);
    };
    built.resources = std::move(owned);
    return built;
}

}  // namespace fairlead::site
