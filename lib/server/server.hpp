#pragma once

#include "base/background_pool.hpp"
#include "base/event.hpp"
#include "config/settings.hpp"
#include "limits/address_limit.hpp"
#include "limits/connection_limit.hpp"
#include "limits/work_limit.hpp"
#include "net/listener.hpp"
#include "session/environment.hpp"
#include "session/watch.hpp"
#include "site/build.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::server {

/// The process: one `io_context` run by N threads, the pools for calls that block, the listeners, and the way
/// down.
class server {
public:
    /// Opens directories, builds the sites and binds every listener. Throws with a sentence that says what
    /// failed.
    server(const config::settings& settings, telemetry::log& log, telemetry::access_log& access_log);
    ~server();

    /// Serves until `begin_drain()` has been called and the last connection has ended, or `drain_timeout` has
    /// passed. Returns 0, or 3 when requests were cut at the deadline.
    int run();

    /// Stops accepting and lets what runs finish. From any thread, also before `run()`; further calls do
    /// nothing.
    void begin_drain();

    /// Called once nothing is left to serve, just before `run` returns: whoever waits on the context lets go.
    void on_stopped(std::function<void()> action) { on_stopped_ = std::move(action); }

    /// Where it listens: `127.0.0.1:8080`; the admin listeners apart.
    std::vector<std::string> endpoints() const;
    std::vector<std::string> admin_endpoints() const;

    boost::asio::io_context& context() noexcept { return context_; }
    /// For what may block. What is posted has ended when the server is destroyed.
    boost::asio::thread_pool& disk() noexcept { return disk_; }

private:
    using timer =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, executor>;

    session::environment share(site::site& pages, limits::connection_limit& connections,
                               limits::address_limit& addresses);
    void announce() const;
    void watch_numbers();
    std::unique_ptr<net::listener> make_listener(const config::endpoint& where,
                                                 const session::environment& shared);
    task<> sweep();
    void keep_house() noexcept;
    task<> drain();
    void spawn(task<> work, const char* what);
    void print_status();
    std::uint64_t lost_lines() const { return log_.dropped() + access_log_.dropped(); }

    const config::settings settings_;
    const unsigned threads_;
    telemetry::log& log_;
    telemetry::access_log& access_log_;
    telemetry::metrics metrics_;
    std::atomic<bool> is_leaving_{false};   // was told to stop: not ready any more
    std::atomic<bool> is_draining_{false};  // stops
    event drain_requested_;
    std::atomic<bool> is_stopped_{false};
    std::atomic<bool> is_keeping_house_{false};
    int exit_code_ = 0;
    std::function<void()> on_stopped_;

    boost::asio::io_context context_;
    boost::asio::executor_work_guard<executor> guard_;
    boost::asio::thread_pool disk_;      // opening and reading cold files
    background_pool commits_;            // writing and syncing uploads: never in the way of a reader
    boost::asio::thread_pool encoders_;  // compressing files
    limits::connection_limit connections_;
    limits::connection_limit admin_connections_;
    limits::address_limit addresses_;
    limits::address_limit admin_addresses_{0};
    limits::work_limit work_;
    session::watch_list watches_;
    net::deadline_list deadlines_;
    site::built_sites sites_;
    std::vector<std::unique_ptr<session::environment>> public_shared_;  // one for each of sites_.pages
    session::environment admin_shared_;
    std::vector<std::unique_ptr<net::listener>> listeners_;
    std::vector<std::unique_ptr<net::listener>> admin_listeners_;
    timer sweep_timer_;
    telemetry::metrics_totals last_totals_;
    std::uint64_t last_lost_lines_ = 0;
    std::chrono::steady_clock::time_point last_status_time_;
};

}  // namespace fairlead::server
