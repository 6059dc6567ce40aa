#pragma once

#include "config/settings.hpp"
#include "handlers/script_keeper.hpp"
#include "net/deadlines.hpp"
#include "site/applications.hpp"
#include "site/folder.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::site {

/// What runs the scripts of all sites.
class scripts {
public:
    struct services {
        boost::asio::thread_pool& disk;
        limits::work_limit& work;  ///< where a folder has none of its own
        net::deadline_list& deadlines;
        telemetry::metrics& metrics;
        telemetry::log& log;
    };

    explicit scripts(const services& around)
        : around_(around), applications_({around.disk, around.deadlines, around.metrics, around.log}) {}

    /// The handler of a folder: `files` itself when it has no scripts. `url` is the path that a route has,
    /// without a slash at its end; empty for a site. Throws std::runtime_error that says what cannot be used.
    std::shared_ptr<handlers::handler> add(folder& of, const config::delivery_settings& delivery,
                                           const config::limit_settings& limits, std::string url,
                                           std::shared_ptr<handlers::handler> files);

    /// To be called about once a second; may block.
    void keep_house() { applications_.keep_house(); }
    /// Sends those away who waited too long for a place, and closes connections that nobody needs. To be
    /// called several times a second, on an I/O thread.
    void expire(limits::work_limit::clock::time_point now);
    /// Kills what runs.
    void stop() noexcept;

private:
    std::shared_ptr<handlers::handler> find_in(folder& of, const config::delivery_settings& delivery,
                                               std::vector<std::string> extensions,
                                               std::chrono::milliseconds retry_after,
                                               std::shared_ptr<handlers::script_runner> runner,
                                               std::shared_ptr<handlers::handler> files) const;
    std::shared_ptr<handlers::script_runner> cgi_of(const config::delivery_settings& delivery,
                                                    const config::limit_settings& limits);

    const services around_;
    applications applications_;
    // Scripts give their places back, so these outlive the keeper.
    std::vector<std::unique_ptr<limits::work_limit>> places_;
    std::unique_ptr<handlers::script_keeper> keeper_;  // where there are scripts
};

}  // namespace fairlead::site
