#include "site/site_builder.hpp"

#include "handlers/json_upload.hpp"
#include "handlers/server_options.hpp"
#include "steps/redirects.hpp"

#include <algorithm>
#include <stdexcept>

namespace fairlead::site {
namespace {

// A stored document is never active content: it is saved, and if a browser shows it all the same, it may do
// nothing.
constexpr std::string_view stored_fields =
    "Content-Disposition: attachment\r\nContent-Security-Policy: sandbox; default-src 'none'\r\n";

// Of all open-file caches together.
constexpr std::size_t cache_entries = 8192;

void add_redirects(named_site& made, const config::site_settings& site) {
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

}  // namespace

site_builder::site_builder(site_resources& owned, const config::settings& settings,
                           const surroundings& around)
    : owned_(owned),
      settings_(settings),
      around_(around),
      services_{owned.media_types, owned.coded,         around.disk,     around.encoders,
                around.work,       owned.listing_bytes, share_of_cache()} {}

/// Each folder has a cache of its own; together they hold as many bytes as one.
files::open_files_limits site_builder::share_of_cache() const {
    std::size_t folders = 2 + settings_.site.routes.size();
    for (const auto& one : settings_.sites) folders += 1 + one.routes.size();
    auto limits = around_.cache;
    limits.entries = std::max<std::size_t>(64, cache_entries / folders);
    limits.descriptors = std::max<std::size_t>(8, 2 * limits.descriptors / folders);
    limits.content_bytes = std::max<std::uint64_t>(1 << 20, limits.content_bytes / folders);
    return limits;
}

named_site site_builder::build(const config::site_settings& site) {
    named_site made;
    add_redirects(made, site);
    site_work_ = nullptr;
    auto& whole = add_part(made, site.delivery, "/", site.has_own_limits ? &site.limits : nullptr);
    site_work_ = owned_.folders.back()->work;
    made.routes.add(router::match::prefix, "/", handler_of_last(site.delivery), whole);
    for (const auto& route : site.routes) add_route(made, route);
    made.routes.add(router::match::exact, "*", std::make_shared<handlers::server_options>(), whole);
    return made;
}

void site_builder::add_route(named_site& made, const config::route_settings& route) {
    auto& part = add_part(made, route.delivery, route.has_own_root ? route.path + "/" : "/",
                          route.has_own_limits ? &route.limits : nullptr);
    const auto target = handler_of_last(route.delivery);
    made.routes.add(router::match::exact, route.path, target, part);
    made.routes.add(router::match::prefix, route.path + "/", target, part);
}

part& site_builder::add_part(named_site& made, const config::delivery_settings& delivery,
                             std::string url_prefix, const config::limit_settings* own_limits) {
    const auto& uploads = settings_.uploads;
    if (!uploads.path.empty() && !uploads.inside_root) files::refuse_inside(delivery.root, uploads.directory);
    auto& folder = *owned_.folders.emplace_back(open_folder(delivery, std::move(url_prefix), services_));
    if (own_limits)
        folder.own_work = std::make_unique<limits::work_limit>(own_limits->in_flight, own_limits->queue,
                                                               own_limits->queue_timeout, around_.metrics);
    folder.work = folder.own_work ? folder.own_work.get() : site_work_;
    auto part = make_part(folder, delivery, services_);
    part->above = made.parts.empty() ? default_part_ : made.parts.front().get();
    made.parts.push_back(std::move(part));
    if (!default_part_) default_part_ = made.parts.front().get();
    return *made.parts.back();
}

std::shared_ptr<handlers::handler> site_builder::handler_of_last(const config::delivery_settings& delivery) {
    return make_handler(*owned_.folders.back(), delivery, services_, settings_.limits.retry_after);
}

void site_builder::add_uploads(named_site& to) {
    const auto& uploads = settings_.uploads;
    owned_.uploads = std::make_unique<files::upload_store>(uploads.directory, uploads.durability);
    handlers::json_upload_options options;
    options.max_body = uploads.max_body;
    options.max_depth = uploads.max_depth;
    options.retry_after = settings_.limits.retry_after;
    const auto prefix = options.url_prefix;
    // Both belong to the part that lies around them: its fields, its CORS.
    const auto& around_upload = *to.routes.find(uploads.path)->belongs_to;
    const auto& around_stored = *to.routes.find(prefix)->belongs_to;
    to.routes.add(router::match::exact, uploads.path,
                  std::make_shared<handlers::json_upload>(std::move(options), *owned_.uploads,
                                                          around_.commits, around_.work, around_.metrics),
                  around_upload);
    // Not even whether a document exists is told where they are not served.
    if (!uploads.serve)
        return to.routes.add(router::match::prefix, prefix, std::make_shared<handlers::nothing_here>(),
                             around_stored);
    // Documents of others: what the configuration says of its own files does not count for them.
    auto& own = *to.parts.emplace_back(std::make_unique<part>());
    own.fields = *http::field_rules::parse(http::default_security_fields());
    own.steps = make_steps(settings_.site.delivery);
    own.above = &around_stored;
    to.routes.add(router::match::prefix, prefix, stored_documents(prefix), own);
}

std::shared_ptr<handlers::handler> site_builder::stored_documents(const std::string& prefix) {
    auto& stored = owned_.stored;
    stored.rules.url_prefix = prefix;
    stored.rules.types = http::type_policy::from_words({"json"}).value();
    stored.rules.media_types = &owned_.media_types;
    stored.rules.caching = *http::cache_rules::parse({{"**", "private, no-cache"}});
    stored.rules.extra = stored_fields;
    stored.files = open_files_by(stored.rules, settings_.uploads.directory, services_.cache);
    config::delivery_settings delivery;
    delivery.index.clear();
    return make_handler(stored, delivery, services_, settings_.limits.retry_after);
}

}  // namespace fairlead::site
