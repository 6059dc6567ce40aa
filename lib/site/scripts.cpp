#include "site/scripts.hpp"

#include "handlers/cgi.hpp"

#include <filesystem>

namespace fairlead::site {
namespace {

handlers::cgi_rules rules_of(const config::cgi_settings& settings, const std::string& root,
                             std::chrono::milliseconds retry_after) {
    handlers::cgi_rules rules;
    for (const auto& one : settings.programs) rules.programs.emplace_back(one.name, one.text());
    rules.root = std::filesystem::canonical(root).string();
    rules.environment = settings.environment;
    rules.timeout = settings.timeout;
    rules.cpu_time = std::chrono::ceil<std::chrono::seconds>(settings.cpu_time);
    rules.memory = settings.memory;
    rules.max_output = settings.max_output;
    rules.max_body = settings.max_body;
    rules.request_buffer = settings.request_buffer;
    rules.passes_authorization = settings.authorization;
    rules.retry_after = retry_after;
    return rules;
}

}  // namespace

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
    auto& streams = *places_.emplace_back(std::make_unique<limits::work_limit>(
        handlers::script_input::slow_share(cgi.processes), 0, std::chrono::milliseconds{0}, around_.metrics));
    return std::make_shared<handlers::cgi>(
        rules_of(cgi, delivery.root, limits.retry_after),
        handlers::cgi::services{*keeper_, places, streams, around_.disk, around_.deadlines, around_.log});
}

void scripts::expire(limits::work_limit::clock::time_point now) {
    for (const auto& one : places_) one->expire(now);
    applications_.expire(now);
}

void scripts::stop() noexcept {
    if (keeper_) keeper_->stop();
}

}  // namespace fairlead::site
