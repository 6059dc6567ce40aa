#include "site/site_builder.hpp"

#include "config/cross_checks.hpp"
#include "files/store_place.hpp"
#include "handlers/by_method.hpp"
#include "handlers/delete_upload.hpp"
#include "handlers/post_upload.hpp"
#include "handlers/put_upload.hpp"
#include "handlers/server_options.hpp"
#include "steps/redirects.hpp"

#include <algorithm>
#include <stdexcept>

namespace fairlead::site {
namespace {

// A stored document is never active content: it is saved, and if a browser shows it all the same, it may do
// nothing.
constexpr std::string_view attached_fields =
    "Content-Disposition: attachment\r\nContent-Security-Policy: sandbox; default-src 'none'\r\n";
constexpr std::string_view sandboxed_fields = "Content-Security-Policy: sandbox; default-src 'none'\r\n";

// Of all open-file caches together.
constexpr std::size_t cache_entries = 8192;

// A name server that does not answer holds one of these threads; one client can lose half of them so.
constexpr unsigned lookup_threads = 8;
constexpr unsigned lookup_queue = 128;

// Two of a tunnel that is busy both ways; those beyond copy.
constexpr unsigned tunnel_pipes = 64;

bool takes_post(const handlers::upload_rules& rules) {
    return rules.takes_json || rules.takes_raw || rules.takes_forms;
}

void add_redirects(named_site& made, const config::site_settings& site) {
    http::redirect_rules moved;
    http::rewrite_rules rewritten;
    for (const auto& one : site.redirects)
        if (const auto wrong = moved.add(one.name, one.text()))
            throw std::runtime_error("redirects: " + one.name + ": " + *wrong);
    for (const auto& one : site.rewrites)
        if (const auto wrong = rewritten.add(one.name, one.text()))
            throw std::runtime_error("rewrites: " + one.name + ": " + *wrong);
    if (moved.empty() && rewritten.empty()) return;
    made.steps.push_back(std::make_unique<steps::redirects>(std::move(moved), std::move(rewritten)));
}

}  // namespace

site_builder::site_builder(site_resources& owned, const config::settings& settings,
                           const surroundings& around)
    : owned_(owned),
      settings_(settings),
      around_(around),
      services_{owned.media_types, owned.coded,    around.disk,      around.encoders,
                around.work,       owned.listings, share_of_cache(), around.metrics} {
    if (!settings.uploads.path.empty()) upload_settings_.push_back(&settings.uploads);
    const auto add = [&](const std::vector<config::route_settings>& routes) {
        for (const auto& one : routes)
            if (one.takes_uploads) upload_settings_.push_back(&one.uploads);
    };
    add(settings.site.routes);
    for (const auto& one : settings.sites) add(one.routes);
}

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
    const bool is_first = default_part_ == nullptr;
    site_rate_ = is_first || site.has_own_rate ? rate_of(site.delivery.rate) : top_rate_;
    if (is_first) top_rate_ = site_rate_;
    auto& whole =
        add_part(made, site.delivery, "/", site.has_own_limits ? &site.limits : nullptr, site_rate_);
    site_work_ = owned_.folders.back()->work;
    // Those of the first site are the ones at the top of the file.
    const auto& limits = &site == &settings_.site ? settings_.limits : site.limits;
    made.routes.add(router::match::prefix, "/", handler_of_last(site.delivery, limits, ""), whole);
    for (const auto& route : site.routes) add_route(made, route);
    if (!site.connect.allow.empty()) made.tunnels = make_tunnels(site.connect);
    made.routes.add(router::match::exact, "*",
                    std::make_shared<handlers::server_options>(methods_taken_by(site)), whole);
    return made;
}

/// What is taken at one address or another.
http::method_set site_builder::methods_taken_by(const config::site_settings& site) const {
    using http::verb;
    http::method_set taken;
    const auto add = [&](const config::delivery_settings& delivery, const config::upload_settings* uploads) {
        const auto allowed =
            delivery.methods.empty() ? http::method_set::all() : *http::method_set::parse(delivery.methods);
        const auto add_one = [&](verb method) {
            if (allowed.contains(method)) taken.add(method);
        };
        add_one(verb::get);
        if (delivery.cgi.is_on() || delivery.fastcgi.is_on()) add_one(verb::post);
        if (!uploads) return;
        for (const auto& way : uploads->accept)
            add_one(way == "put" ? verb::put : way == "delete" ? verb::delete_ : verb::post);
    };
    const bool has_uploads = &site == &settings_.site && !settings_.uploads.path.empty();
    add(site.delivery, has_uploads ? &settings_.uploads : nullptr);
    for (const auto& route : site.routes) add(route.delivery, route.takes_uploads ? &route.uploads : nullptr);
    return taken;
}

std::shared_ptr<handlers::handler> site_builder::make_tunnels(const config::connect_settings& connect) {
    handlers::tunnel_rules rules;
    for (const auto& entry : connect.allow)
        if (const auto wrong = rules.destinations.add(entry))
            throw std::runtime_error("connect.allow: " + entry + ": " + *wrong);
    auto networks = ip_networks::parse(connect.networks);
    if (!networks) throw std::runtime_error("connect.networks: " + networks.error());
    rules.networks = http::connect_networks(std::move(*networks));
    rules.most = connect.tunnels;
    rules.timeout = connect.timeout;
    rules.idle_timeout = connect.idle_timeout;
    rules.max_time = connect.max_time;
    rules.max_bytes = connect.max_bytes;
    rules.retry_after = settings_.limits.retry_after;
    if (!owned_.tunnels)
        owned_.tunnels =
            std::make_unique<site_resources::tunnel_resources>(lookup_threads, lookup_queue, tunnel_pipes);
    auto& shared = *owned_.tunnels;
    return std::make_shared<handlers::open_tunnel>(
        std::move(rules),
        handlers::tunnel_services{shared.names, around_.deadlines, shared.pipes, around_.metrics});
}

void site_builder::add_route(named_site& made, const config::route_settings& route) {
    auto& part = add_part(made, route.delivery, route.has_own_root ? route.path + "/" : "/",
                          route.has_own_limits ? &route.limits : nullptr,
                          route.has_own_rate ? rate_of(route.delivery.rate) : site_rate_);
    if (route.takes_uploads) return add_route_uploads(made, route, part);
    const auto target = handler_of_last(route.delivery, route.limits, route.path);
    made.routes.add(router::match::exact, route.path, target, part);
    made.routes.add(router::match::prefix, route.path + "/", target, part);
}

part& site_builder::add_part(named_site& made, const config::delivery_settings& delivery,
                             std::string url_prefix, const config::limit_settings* own_limits,
                             const limits::rate_limit* rate) {
    for (const auto* uploads : upload_settings_)
        if (!uploads->inside_root) files::refuse_overlap(delivery.root, uploads->directory);
    auto& folder = *owned_.folders.emplace_back(open_folder(delivery, std::move(url_prefix), services_));
    if (own_limits)
        folder.own_work = std::make_unique<limits::work_limit>(own_limits->in_flight, own_limits->queue,
                                                               own_limits->queue_timeout, around_.metrics);
    folder.work = folder.own_work ? folder.own_work.get() : site_work_;
    folder.rate = rate;
    auto part = make_part(folder, delivery, services_);
    part->above = made.parts.empty() ? default_part_ : made.parts.front().get();
    made.parts.push_back(std::move(part));
    if (!default_part_) default_part_ = made.parts.front().get();
    return *made.parts.back();
}

/// Buckets for what is written in one place of the file; nullptr where nothing is limited.
const limits::rate_limit* site_builder::rate_of(const config::rate_settings& rate) {
    limits::rate_rule rule;
    if (!rate.requests.empty()) {
        const auto requests = http::parse_rate(rate.requests);
        if (!requests) throw std::runtime_error("rate.requests: " + requests.error());
        rule.requests = *requests;
        rule.burst = rate.burst > 0 ? rate.burst : requests->count;
    }
    rule.bytes.count = rate.bytes;
    if (rule.requests.count == 0 && rule.bytes.count == 0) return nullptr;
    if (!owned_.rates) owned_.rates = std::make_unique<limits::rate_table>(settings_.limits.rate_keys);
    auto& all = owned_.rate_limits;
    all.push_back(std::make_unique<limits::rate_limit>(*owned_.rates, rule, all.size()));
    return all.back().get();
}

/// Files, and scripts where there are some.
std::shared_ptr<handlers::handler> site_builder::handler_of_last(const config::delivery_settings& delivery,
                                                                 const config::limit_settings& limits,
                                                                 std::string url) {
    auto& folder = *owned_.folders.back();
    auto files = make_handler(folder, delivery, services_, settings_.limits.retry_after);
    return owned_.programs.add(folder, delivery, limits, std::move(url), std::move(files));
}

/// The store of a directory, opened when it is first asked for: it has one lock, one quota, one memory.
shared_store& site_builder::store_of(const config::upload_settings& uploads) {
    for (const auto& known : owned_.stores) {
        std::error_code failed;
        if (!std::filesystem::equivalent(known->directory, uploads.directory, failed)) {
            files::refuse_nested(known->directory, uploads.directory);
            continue;
        }
        if (!config::may_share(known->settings, uploads))
            throw std::runtime_error("uploads.directory: " + uploads.directory +
                                     " is that of another place, too: durability, quota, min_free, "
                                     "idempotency_time and idempotency_keys have to be the same there");
        known->largest = std::max(known->largest, uploads.max_body);
        return *known;
    }
    return *owned_.stores.emplace_back(std::make_unique<shared_store>(uploads, around_));
}

handlers::upload_place& site_builder::add_place(const config::upload_settings& uploads,
                                                const config::cors_settings& cors, std::string url_prefix,
                                                limits::work_limit& work) {
    auto& shared = store_of(uploads);
    auto& disk = *owned_.disks.emplace_back(
        std::make_unique<handlers::upload_disk>(shared.store, around_.commits.work(), work));
    handlers::upload_rules rules;
    const auto takes = [&](std::string_view way) {
        return std::find(uploads.accept.begin(), uploads.accept.end(), way) != uploads.accept.end();
    };
    rules.url_prefix = std::move(url_prefix);
    rules.max_body = uploads.max_body;
    rules.max_depth = uploads.max_depth;
    rules.max_parts = uploads.max_parts;
    rules.types = uploads.types;
    rules.takes_json = takes("json");
    rules.takes_raw = takes("raw");
    rules.takes_forms = takes("form");
    rules.takes_put = takes("put");
    rules.takes_delete = takes("delete");
    rules.are_named_by_client = uploads.names == config::naming::client;
    rules.makes_directories = uploads.make_directories;
    rules.has_digests = uploads.digest;
    rules.retry_after = settings_.limits.retry_after;
    rules.cors = cors_policy_of(cors);
    const handlers::upload_services services{shared.store,    shared.records.get(), disk,
                                             shared.turns,    shared.served,        owned_.upload_bytes,
                                             around_.metrics, around_.log};
    return *owned_.places.emplace_back(
        std::make_unique<handlers::upload_place>(handlers::upload_place{std::move(rules), services}));
}

/// What answers below the place: stored files, and single ones put or removed.
std::shared_ptr<handlers::handler> site_builder::stored_files(handlers::upload_place& place,
                                                              const config::upload_settings& uploads,
                                                              bool listing, limits::work_limit& work) {
    std::vector<handlers::by_method::entry> ways;
    // Not even whether a file exists is told where they are not served.
    if (!uploads.serve)
        ways.emplace_back(http::verb::get, std::make_shared<handlers::nothing_here>());
    else
        ways.emplace_back(http::verb::get, served_files(place, uploads, listing, work));
    if (place.rules.takes_put)
        ways.emplace_back(http::verb::put, std::make_shared<handlers::put_upload>(place));
    if (place.rules.takes_delete)
        ways.emplace_back(http::verb::delete_, std::make_shared<handlers::delete_upload>(place));
    if (ways.size() == 1) return ways.front().second;
    return std::make_shared<handlers::by_method>(std::move(ways));
}

/// GET of stored files: those of strangers, so what the configuration says of its own files does not count.
std::shared_ptr<handlers::handler> site_builder::served_files(handlers::upload_place& place,
                                                              const config::upload_settings& uploads,
                                                              bool listing, limits::work_limit& work) {
    auto& stored = *owned_.folders.emplace_back(std::make_unique<folder>());
    stored.rules.url_prefix = place.rules.url_prefix;
    stored.work = &work;
    const bool is_json = place.rules.takes_json && uploads.accept.size() == 1;
    stored.rules.types =
        is_json ? http::type_policy::from_words({"json"}).value() : http::type_policy::all_as_attachments();
    stored.rules.media_types = &owned_.media_types;
    stored.rules.caching = *http::cache_rules::parse({{"**", "private, no-cache"}});
    stored.rules.extra = is_json ? attached_fields : sandboxed_fields;
    stored.files = open_files_by(stored.rules, uploads.directory, services_.cache, true);
    store_of(uploads).served.push_back(stored.files.get());
    config::delivery_settings delivery;
    delivery.index.clear();
    delivery.listing = listing;
    return make_handler(stored, delivery, services_, settings_.limits.retry_after);
}

/// A part for files of strangers, with the steps of what lies around it.
const part& site_builder::part_of_stored(named_site& made, const config::delivery_settings& delivery,
                                         const part& around, const limits::rate_limit* rate) {
    auto& own = *made.parts.emplace_back(std::make_unique<part>());
    own.methods = around.methods;
    own.fields = *http::field_rules::parse(http::default_security_fields());
    own.steps = make_steps(delivery, rate, services_);
    own.above = &around;
    return own;
}

void site_builder::add_uploads(named_site& to) {
    const auto& uploads = settings_.uploads;
    const std::string prefix = "/uploads/";
    auto& work = around_.work;
    auto& place = add_place(uploads, settings_.site.delivery.cors, prefix, work);
    // Both belong to the part that lies around them: its fields, its CORS.
    const auto& around_upload = *to.routes.find(uploads.path)->belongs_to;
    const auto& around_stored = *to.routes.find(prefix)->belongs_to;
    if (takes_post(place.rules))
        to.routes.add(router::match::exact, uploads.path, std::make_shared<handlers::post_upload>(place),
                      around_upload);
    const auto& own =
        uploads.serve ? part_of_stored(to, settings_.site.delivery, around_stored, top_rate_) : around_stored;
    to.routes.add(router::match::prefix, prefix, stored_files(place, uploads, false, work), own);
}

/// POST goes to the route itself; stored files are below it.
void site_builder::add_route_uploads(named_site& made, const config::route_settings& route,
                                     const part& around) {
    const auto& uploads = route.uploads;
    const auto& own_folder = *owned_.folders.back();  // which was made for the route just now
    auto& work = own_folder.work ? *own_folder.work : around_.work;
    const auto* rate = own_folder.rate;
    auto& place = add_place(uploads, route.delivery.cors, route.path + "/", work);
    const auto& own = part_of_stored(made, route.delivery, around, rate);
    const auto below = stored_files(place, uploads, route.delivery.listing, work);
    std::vector<handlers::by_method::entry> ways;
    ways.emplace_back(http::verb::get, below);
    if (takes_post(place.rules))
        ways.emplace_back(http::verb::post, std::make_shared<handlers::post_upload>(place));
    const auto at = std::make_shared<handlers::by_method>(std::move(ways));
    made.routes.add(router::match::exact, route.path, at, around);
    made.routes.add(router::match::exact, route.path + "/", at, around);
    made.routes.add(router::match::prefix, route.path + "/", below, own);
}

}  // namespace fairlead::site
