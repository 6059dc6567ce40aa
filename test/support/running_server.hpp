#pragma once

#include "server/server.hpp"
#include "support/loopback.hpp"
#include "support/temp_dir.hpp"

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::test {

/// A whole server on a free port of this machine, on threads of its own. `www` below `folder` is published.
class running_server {
public:
    explicit running_server(const std::function<void(config::settings&)>& adjust = {}) {
        std::signal(SIGPIPE, SIG_IGN);  // as server::lifecycle does
        config::settings settings;
        settings.listen = {{"127.0.0.1", 0}};
        settings.admin.listen = {{"127.0.0.1", 0}};
        settings.threads = 2;
        settings.defer_accept = false;  // so that a silent connection is counted at once
        settings.site.delivery.root = folder.make_folder("www").string();
        settings.uploads.directory = folder.make_folder("uploads").string();
        settings.uploads.durability = config::durability::off;
        folder.write("www/index.html", "<p>hello</p>\n");
        if (adjust) adjust(settings);
        server_ = std::make_unique<server::server>(settings, log, access_log);
        thread_ = std::thread([this] { exit_code_ = server_->run(); });
    }
    ~running_server() {
        if (thread_.joinable()) stop();
    }

    std::uint16_t port() const { return port_of(server_->endpoints().front()); }
    std::uint16_t admin_port() const { return port_of(server_->admin_endpoints().front()); }

    void begin_drain() { server_->begin_drain(); }
    /// Drains; returns what the program would exit with.
    int stop() {
        begin_drain();
        thread_.join();
        return exit_code_;
    }

    temp_dir folder;
    std::vector<std::string> log_lines, access_lines;  ///< to be read after stop()
    telemetry::log log{log_lines};
    telemetry::access_log access_log{access_lines, telemetry::access_format::combined};

private:
    static std::uint16_t port_of(const std::string& endpoint) {
        return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    }

    std::unique_ptr<server::server> server_;
    std::thread thread_;
    int exit_code_ = -1;
};

}  // namespace fairlead::test
