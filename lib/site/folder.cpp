#include "site/folder.hpp"

#include "config/cors_options.hpp"
#include "steps/cors.hpp"
#include "steps/rate.hpp"

#include <algorithm>
#include <stdexcept>

namespace fairlead::site {
namespace {

std::vector<http::content_coding> codings_of(const config::compression_settings& settings) {
    std::vector<http::content_coding> codings;
    for (const auto& one : settings.codings) codings.push_back(http::coding_named(one).value());
    return codings;
}

/// The value of a rule that was checked when the configuration was loaded; what is wrong all the same is
/// said.
template <class Rules>
Rules must(http::parse_result<Rules> parsed, std::string_view setting) {
    if (!parsed) throw std::runtime_error(std::string(setting) + ": " + parsed.error());
    return std::move(*parsed);
}

}  // namespace

http::field_rules make_field_rules(const config::delivery_settings& settings) {
    auto fields = settings.security_headers ? http::default_security_fields() : config::named_values{};
    // What everybody's scripts may read, everybody's pages may show.
    const auto& origins = settings.cors.origins;
    if (settings.security_headers && std::find(origins.begin(), origins.end(), "*") != origins.end())
        fields = http::merge(std::move(fields), {{"Cross-Origin-Resource-Policy", "cross-origin"}});
    return must(http::field_rules::parse(http::merge(std::move(fields), settings.headers)), "headers");
}

std::unique_ptr<files::open_files> open_files_by(const handlers::file_rules& rules, const std::string& root,
                                                 const files::open_files_limits& cache, bool are_uploads) {
    files::open_files::rules asked;
    asked.are_uploads = are_uploads;
    asked.head = [&rules](std::string_view path, const files::open_file& file) {
        return handlers::head_of(rules, path, file);
    };
    asked.sibling_codings = [&rules](std::string_view path) {
        return handlers::sibling_codings_of(rules, path);
    };
    return std::make_unique<files::open_files>(files::sandbox::open(root), cache, std::move(asked));
}

std::unique_ptr<folder> open_folder(const config::delivery_settings& settings, std::string url_prefix,
                                    const folder_services& services) {
    auto made = std::make_unique<folder>();
    auto& rules = made->rules;
    rules.url_prefix = std::move(url_prefix);
    rules.types = http::type_policy::from_words(settings.types).value();
    rules.media_types = &services.media_types;
    rules.caching = must(http::cache_rules::parse(settings.cache_control), "cache_control");
    rules.fields = make_field_rules(settings);
    rules.codings = codings_of(settings.compression);
    if (settings.compression.precompressed) rules.sibling_codings = rules.codings;
    rules.coded_types = settings.compression.types;
    rules.coded_size = settings.compression.min_size;
    for (const auto& [extension, program] : settings.cgi.programs)
        rules.script_extensions.push_back(extension);
    if (settings.fastcgi.has_scripts())
        for (const auto& extension : settings.fastcgi.extensions)
            rules.script_extensions.push_back(extension);
    made->files = open_files_by(rules, settings.root, services.cache);
    return made;
}

std::shared_ptr<handlers::handler> make_handler(folder& of, const config::delivery_settings& settings,
                                                const folder_services& services,
                                                std::chrono::milliseconds retry_after) {
    handlers::static_files_options options;
    options.index = settings.index;
    options.try_paths = settings.try_paths;
    options.listing = settings.listing;
    options.sending.gzip_level = static_cast<int>(settings.compression.gzip_level);
    options.sending.br_level = static_cast<int>(settings.compression.brotli_level);
    options.sending.zstd_level = static_cast<int>(settings.compression.zstd_level);
    options.sending.retry_after = retry_after;
    auto& work = of.work ? *of.work : services.work;
    return std::make_shared<handlers::static_files>(
        std::move(options), of.rules, *of.files,
        handlers::file_services{services.coded, services.disk, services.encoders, work, services.listings});
}

std::optional<http::cors_policy> cors_policy_of(const config::cors_settings& settings) {
    if (settings.origins.empty()) return std::nullopt;
    return must(http::cors_policy::parse(config::cors_options_of(settings)), "cors");
}

std::vector<std::unique_ptr<steps::step>> make_steps(const config::delivery_settings& settings,
                                                     const limits::rate_limit* rate,
                                                     const folder_services& services) {
    std::vector<std::unique_ptr<steps::step>> made;
    const auto add_rate = [&](config::rate_by when, steps::rate_by by) {
        if (rate && settings.rate.by == when)
            made.push_back(std::make_unique<steps::rate>(*rate, by, services.metrics));
    };
    // The rate of an address comes first, so that who is beyond it costs nothing else: no password is checked
    // for him. (What later steps add to answers is on his 429, too.)
    add_rate(config::rate_by::address, steps::rate_by::address);
    if (auto policy = cors_policy_of(settings.cors))
        made.push_back(std::make_unique<steps::cors>(std::move(*policy)));
    // The rate of a user comes behind what finds out who that is: else anybody could use up another one's by
    // sending his name.
    add_rate(config::rate_by::user, steps::rate_by::user);
    return made;
}

std::unique_ptr<part> make_part(const folder& of, const config::delivery_settings& settings,
                                const folder_services& services) {
    auto made = std::make_unique<part>();
    if (!settings.methods.empty()) made->methods = must(http::method_set::parse(settings.methods), "methods");
    made->fields = of.rules.fields;
    made->steps = make_steps(settings, of.rate, services);
    made->pages = error_pages(settings.error_pages, of.files->root(), services.media_types);
    return made;
}

}  // namespace fairlead::site
