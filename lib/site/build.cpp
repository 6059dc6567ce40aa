#include "site/build.hpp"

#include "files/open_files.hpp"
#include "files/sandbox.hpp"
#include "files/upload_store.hpp"
#include "handlers/json_upload.hpp"
#include "handlers/server_options.hpp"
#include "handlers/static_files.hpp"
#include "handlers/status_pages.hpp"
#include "http/builtin_media_types.hpp"
#include "steps/host.hpp"

#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace fairlead::site {
namespace {

/// What the handlers refer to. Built in this order, gone in the reverse one.
struct site_resources {
    http::media_type_table media_types;
    http::type_policy types;
    std::unique_ptr<files::open_files> files;
    std::unique_ptr<files::upload_store> uploads;
    std::unique_ptr<files::open_files> stored;
};

// A stored document is never active content: it is saved, and if a browser shows it all the same, it may do
// nothing.
constexpr std::string_view stored_fields =
    "Content-Disposition: attachment\r\nContent-Security-Policy: sandbox; default-src 'none'\r\n"
    "Cache-Control: private\r\n";

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

http::host_allowlist allowed_hosts(const std::vector<config::endpoint>& listeners,
                                   const std::vector<std::string>& names) {
    http::host_allowlist allowed(names);
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
void add_health(router& routes, const surroundings& around, const files::upload_store* uploads,
                bool allows_verbose) {
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
    routes.add(router::match::exact, "/livez", live);
    routes.add(router::match::exact, "/readyz", readiness);
    routes.add(router::match::exact, "/healthz", readiness);
}

void add_files(router& routes, site_resources& owned, const config::settings& settings,
               const surroundings& around) {
    auto root = files::sandbox::open(settings.root);
    owned.files = std::make_unique<files::open_files>(
        std::move(root), files::open_files_limits{},
        [&owned](std::string_view path, const files::open_file& file) {
            return handlers::file_fields(path, file, owned.types, owned.media_types, {});
        });
    handlers::static_files_options options;
    options.index = settings.index;
    options.types = owned.types;
    options.retry_after = settings.limits.retry_after;
    routes.add(
        router::match::prefix, "/",
        std::make_shared<handlers::static_files>(std::move(options), *owned.files, around.disk, around.work));
}

void add_uploads(router& routes, site_resources& owned, const config::settings& settings,
                 const surroundings& around) {
    if (!settings.uploads.inside_root) files::refuse_inside(settings.root, settings.uploads.directory);
    owned.uploads =
        std::make_unique<files::upload_store>(settings.uploads.directory, settings.uploads.durability);
    handlers::json_upload_options options;
    options.max_body = settings.uploads.max_body;
    options.max_depth = settings.uploads.max_depth;
    options.retry_after = settings.limits.retry_after;
    const auto prefix = options.url_prefix;
    routes.add(router::match::exact, settings.uploads.path,
               std::make_shared<handlers::json_upload>(std::move(options), *owned.uploads, around.commits,
                                                       around.work, around.metrics));
    if (!settings.uploads.serve) {
        // Not even whether a document exists is told.
        routes.add(router::match::prefix, prefix, std::make_shared<handlers::nothing_here>());
        return;
    }
    owned.stored = std::make_unique<files::open_files>(
        files::sandbox::open(settings.uploads.directory), files::open_files_limits{},
        [&owned](std::string_view path, const files::open_file& file) {
            return handlers::file_fields(path, file, owned.types, owned.media_types, stored_fields);
        });
    handlers::static_files_options stored;
    stored.url_prefix = prefix;
    stored.types = http::type_policy::from_words({"json"}).value();
    stored.retry_after = settings.limits.retry_after;
    routes.add(
        router::match::prefix, prefix,
        std::make_shared<handlers::static_files>(std::move(stored), *owned.stored, around.disk, around.work));
}

}  // namespace

built_sites build(const config::settings& settings, const surroundings& around) {
    auto owned = std::make_shared<site_resources>();
    owned->media_types = load_media_types(settings.mime_types);
    owned->types = http::type_policy::from_words(settings.types).value();

    built_sites built;
    router routes;
    add_files(routes, *owned, settings, around);
    built.summary.push_back("serving " + settings.root);
    if (!settings.uploads.path.empty()) {
        add_uploads(routes, *owned, settings, around);
        const bool full = owned->uploads->effective() == config::durability::full;
        built.summary.push_back("taking JSON at " + settings.uploads.path + " into " +
                                settings.uploads.directory + " (durability " + (full ? "full" : "off") + ")");
        for (const auto& warning : owned->uploads->warnings()) around.log.warn("{}", warning);
    }
    add_health(routes, around, owned->uploads.get(), false);
    routes.add(router::match::exact, "*", std::make_shared<handlers::server_options>());
    if (settings.hosts.empty() && listens_everywhere(settings.listen))
        around.log.warn(
            "listening on every address, but \"hosts\" is empty: only loopback names are answered, "
            "any other Host gets 403");

    // The order of steps: Host comes first, since everything after it may depend on the site that was meant.
    std::vector<std::unique_ptr<steps::step>> steps;
    steps.push_back(std::make_unique<steps::host>(allowed_hosts(settings.listen, settings.hosts)));
    built.pages = std::make_unique<site>(std::move(steps), std::move(routes), around.log);

    router admin_routes;
    add_health(admin_routes, around, owned->uploads.get(), true);
    admin_routes.add(
        router::match::exact, "/metrics",
        std::make_shared<handlers::metrics_page>([&metrics = around.metrics] { return metrics.text(); },
                                                 std::string(telemetry::metrics::content_type)));
    std::vector<std::unique_ptr<steps::step>> admin_steps;
    admin_steps.push_back(
        std::make_unique<steps::host>(allowed_hosts(settings.admin.listen, settings.hosts)));
    built.admin = std::make_unique<site>(std::move(admin_steps), std::move(admin_routes), around.log);
    built.keep_house = [&owned = *owned, largest = settings.uploads.max_body] {
        const auto now = files::open_files::steady::now();
        owned.files->let_go_unused(now);
        if (owned.stored) owned.stored->let_go_unused(now);
        if (owned.uploads) owned.uploads->examine(largest);
    };
    built.keep_house();
    built.make_room = [&owned = *owned] {
        (void)owned.files->make_room();
        if (owned.stored) (void)owned.stored->make_room();
    };
    built.resources = std::move(owned);
    return built;
}

}  // namespace fairlead::site
