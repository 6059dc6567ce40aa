#pragma once

#include "config/settings.hpp"
#include "handlers/fastcgi.hpp"
#include "net/deadlines.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::site {

/// The applications that answer for parts of the sites, and the connections to them. Who names the same
/// server has the same connections, and who says the same of it has the same limit.
class applications {
public:
    struct services {
        boost::asio::thread_pool& disk;
        net::deadline_list& deadlines;
        telemetry::metrics& metrics;
        telemetry::log& log;
    };

    /// What `around` refers to outlives it.
    explicit applications(const services& around) : around_(around) {}

    /// Asks the application of a folder. `root` is the folder's directory. Throws std::runtime_error that
    /// says what cannot be used.
    std::shared_ptr<handlers::script_runner> fastcgi_of(const config::fastcgi_settings& settings,
                                                        const std::string& root,
                                                        const config::limit_settings& limits);

    /// Looks names up. To be called about once a second; may block.
    void keep_house();
    /// Sends away who waited too long for a connection, and closes connections that nobody needed for a
    /// while. To be called several times a second, on an I/O thread: with one of these the reactor takes no
    /// lock, so that a socket must not be closed on another thread.
    void expire(std::chrono::steady_clock::time_point now);

private:
    std::shared_ptr<handlers::fastcgi_server> server_named(const std::string& name);
    handlers::fastcgi_servers& servers_of(const config::fastcgi_settings& settings,
                                          const config::limit_settings& limits);

    const services around_;
    std::map<std::string, std::shared_ptr<handlers::fastcgi_server>> servers_;
    std::map<std::string, std::unique_ptr<handlers::fastcgi_servers>> groups_;
};

}  // namespace fairlead::site
