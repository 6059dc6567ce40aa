#include "site/scripts.hpp"

#include "config/cross_checks.hpp"
#include "files/upload_store.hpp"
#include "handlers/cgi.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <stdexcept>

namespace fairlead::site {
namespace {

handlers::cgi_rules rules_of(const config::cgi_settings& settings, const std::string& root,
                             std::chrono::milliseconds retry_after) {
    handlers::cgi_rules rules;
    for (const auto& [extension, program] : settings.programs)
        rules.programs.emplace_back(extension, program.value_or(""));
    rules.root = std::filesystem::canonical(root).string();
    rules.environment = settings.environment;
    rules.timeout = settings.timeout;
    rules.cpu_time = std::chrono::ceil<std::chrono::seconds>(settings.cpu_time);
    rules.memory = settings.memory;
    rules.max_output = settings.max_output;
    rules.max_body = settings.max_body;
    rules.passes_authorization = settings.authorization;
    rules.retry_after = retry_after;
    return rules;
}

/// Calls `look` with what each level of the configuration publishes.
void for_each_level(const config::settings& settings,
                    const std::function<void(const config::delivery_settings&)>& look) {
    const auto look_at = [&](const config::site_settings& site) {
        look(site.delivery);
        for (const auto& route : site.routes) look(route.delivery);
    };
    look_at(settings.site);
    for (const auto& site : settings.sites) look_at(site);
}

std::string real_path(const std::string& path) {
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : real.string();
}

/// The setting that makes scripts of files.
std::string setting_of(const config::delivery_settings& with) {
    return with.cgi.programs.empty() ? "fastcgi.extensions" : "cgi.programs";
}

/// Scripts of `with`, sent as files of `other`.
void refuse_exposed(const config::delivery_settings& with, const config::delivery_settings& other) {
    const auto mine = real_path(with.root);
    const auto theirs = real_path(other.root);
    if (!config::is_inside(mine, theirs) && !config::is_inside(theirs, mine)) return;
    const auto types = http::type_policy::from_words(other.types).value();
    const auto run_there = script_extensions_of(other);
    for (const auto& extension : script_extensions_of(with)) {
        const bool is_run = std::find(run_there.begin(), run_there.end(), extension) != run_there.end();
        if (!is_run && types.find(extension))
            throw std::runtime_error(setting_of(with) + ": scripts (." + extension + ") below " + with.root +
                                     " would be sent as files by what publishes " + other.root + ": take \"" +
                                     extension +
                                     "\" out of its types, or keep the scripts in a folder of their own");
    }
}

}  // namespace

std::vector<std::string> script_extensions_of(const config::delivery_settings& delivery) {
    std::vector<std::string> extensions;
    for (const auto& [extension, program] : delivery.cgi.programs) extensions.push_back(extension);
    if (delivery.fastcgi.has_scripts())
        extensions.insert(extensions.end(), delivery.fastcgi.extensions.begin(),
                          delivery.fastcgi.extensions.end());
    return extensions;
}

void refuse_exposed_scripts(const config::settings& settings) {
    for_each_level(settings, [&](const config::delivery_settings& with) {
        if (script_extensions_of(with).empty()) return;
        for_each_level(settings,
                       [&](const config::delivery_settings& other) { refuse_exposed(with, other); });
        const auto refuse_uploads = [&](const config::upload_settings& uploads) {
            const auto directory = real_path(uploads.directory);
            if (config::is_inside(directory, real_path(with.root)))
                throw std::runtime_error("uploads.directory: " + uploads.directory + " lies inside " +
                                         with.root + ", where " + setting_of(with) +
                                         " runs scripts, so everyone who may upload could run "
                                         "programs; choose a directory outside of it");
        };
        if (!settings.uploads.path.empty()) refuse_uploads(settings.uploads);
        for (const auto& route : settings.site.routes)
            if (route.takes_uploads) refuse_uploads(route.uploads);
        for (const auto& site : settings.sites)
            for (const auto& route : site.routes)
                if (route.takes_uploads) refuse_uploads(route.uploads);
    });
}

std::shared_ptr<handlers::handler> scripts::add(folder& of, const config::delivery_settings& delivery,
                                                const config::limit_settings& limits, std::string url,
                                                std::shared_ptr<handlers::handler> files) {
    const auto& fastcgi = delivery.fastcgi;
    if (fastcgi.is_on()) {
        auto runner = applications_.fastcgi_of(fastcgi, delivery.root, limits);
        if (!fastcgi.script.empty())
            return std::make_shared<handlers::single_script>(std::move(url), fastcgi.script,
                                                             std::move(runner));
        files = find_in(of, delivery, fastcgi.extensions, limits.retry_after, std::move(runner),
                        std::move(files));
    }
    const auto& cgi = delivery.cgi;
    if (!cgi.is_on()) return files;
    auto runner = cgi_of(delivery, limits);
    if (!cgi.script.empty())
        return std::make_shared<handlers::single_script>(std::move(url), cgi.script, std::move(runner));
    std::vector<std::string> extensions;
    for (const auto& [extension, program] : cgi.programs) extensions.push_back(extension);
    return find_in(of, delivery, std::move(extensions), limits.retry_after, std::move(runner),
                   std::move(files));
}

/// Runs the files with these extensions; others are left to `files`.
std::shared_ptr<handlers::handler> scripts::find_in(folder& of, const config::delivery_settings& delivery,
                                                    std::vector<std::string> extensions,
                                                    std::chrono::milliseconds retry_after,
                                                    std::shared_ptr<handlers::script_runner> runner,
                                                    std::shared_ptr<handlers::handler> files) const {
    handlers::script_rules found{std::move(extensions), delivery.index, delivery.try_paths, delivery.listing};
    auto& work = of.work ? *of.work : around_.work;
    return std::make_shared<handlers::script_files>(
        handlers::script_finder(std::move(found), of.rules, *of.files), std::move(runner), std::move(files),
        handlers::script_files::services{around_.disk, work, retry_after});
}

std::shared_ptr<handlers::script_runner> scripts::cgi_of(const config::delivery_settings& delivery,
                                                         const config::limit_settings& limits) {
    const auto& cgi = delivery.cgi;
    if (!keeper_) keeper_ = std::make_unique<handlers::script_keeper>(around_.log);
    auto& places = *places_.emplace_back(std::make_unique<limits::work_limit>(
        cgi.processes, cgi.queue, limits.queue_timeout, around_.metrics));
    return std::make_shared<handlers::cgi>(
        rules_of(cgi, delivery.root, limits.retry_after),
        handlers::cgi::services{*keeper_, places, around_.disk, around_.deadlines, around_.log});
}

void scripts::expire(limits::work_limit::clock::time_point now) {
    for (const auto& one : places_) one->expire(now);
    applications_.expire(now);
}

void scripts::stop() noexcept {
    if (keeper_) keeper_->stop();
}

}  // namespace fairlead::site
