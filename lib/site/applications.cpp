#include "site/applications.hpp"

#include <filesystem>
#include <stdexcept>

namespace fairlead::site {

std::shared_ptr<handlers::fastcgi_server> applications::server_named(const std::string& name) {
    auto& known = servers_[name];
    if (!known) known = std::make_shared<handlers::fastcgi_server>(name);
    return known;
}

handlers::fastcgi_servers& applications::servers_of(const config::fastcgi_settings& settings,
                                                    const config::limit_settings& limits) {
    handlers::fastcgi_servers_options options;
    options.connections = settings.connections;
    options.queue = limits.queue;
    options.queue_timeout = limits.queue_timeout;
    options.connect_timeout = settings.connect_timeout;
    options.retry_after = limits.retry_after;
    std::string what = std::to_string(options.connections) + ' ' + std::to_string(options.queue) + ' ' +
                       std::to_string(options.queue_timeout.count()) + ' ' +
                       std::to_string(options.connect_timeout.count());
    for (const auto& name : settings.servers) what.append(" ").append(name);
    auto& known = groups_[what];
    if (known) return *known;
    std::vector<std::shared_ptr<handlers::fastcgi_server>> servers;
    for (const auto& name : settings.servers) servers.push_back(server_named(name));
    known = std::make_unique<handlers::fastcgi_servers>(std::move(servers), options, around_.deadlines,
                                                        around_.metrics, around_.log);
    return *known;
}

std::shared_ptr<handlers::script_runner> applications::fastcgi_of(const config::fastcgi_settings& settings,
                                                                  const std::string& root,
                                                                  const config::limit_settings& limits) {
    // Where the files have another name there, only the application can see them.
    if (!settings.script.empty() && settings.root.empty() &&
        !std::filesystem::is_regular_file(settings.script))
        throw std::runtime_error(
            "fastcgi.script: " + settings.script +
            " is no file; if only the application sees it, say in fastcgi.root what root "
            "is called there");
    handlers::fastcgi_options options;
    options.root = settings.root.empty() ? root : settings.root;
    if (options.root.ends_with('/')) options.root.pop_back();
    options.environment = settings.environment;
    options.max_body = settings.max_body;
    options.request_buffer = settings.request_buffer;
    options.passes_authorization = settings.authorization;
    const handlers::fastcgi_services needed{servers_of(settings, limits), around_.deadlines, around_.disk,
                                            around_.log, settings.timeout};
    return std::make_shared<handlers::fastcgi>(std::move(options), needed);
}

void applications::keep_house() {
    for (const auto& [name, server] : servers_)
        if (!server->look_up()) around_.log.warn("fastcgi {}: its name is not known", name);
}

void applications::expire(std::chrono::steady_clock::time_point now) {
    for (const auto& [what, group] : groups_) group->expire(now);
    for (const auto& [name, server] : servers_) server->let_go_unused(now);
}

}  // namespace fairlead::site
