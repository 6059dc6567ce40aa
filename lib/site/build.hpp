#pragma once

#include "base/background_pool.hpp"
#include "config/settings.hpp"
#include "files/open_files.hpp"
#include "limits/work_limit.hpp"
#include "net/deadlines.hpp"
#include "site/site.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::site {

/// What the handlers of a site are given; the server owns it and outlives the sites.
struct surroundings {
    boost::asio::thread_pool& disk;
    background_pool& commits;
    boost::asio::thread_pool& encoders;  ///< for work that takes a processor
    limits::work_limit& work;
    net::deadline_list& deadlines;  ///< of what works for requests elsewhere
    telemetry::metrics& metrics;
    telemetry::log& log;
    const std::atomic<bool>& is_leaving;
    files::open_files_limits cache{};  ///< of all folders together
};

/// The sites of one configuration, with what they stand on.
struct built_sites {
    std::shared_ptr<void> resources;  ///< open directories and caches; outlives the sites below
    /// Addresses that are public, and what is served there; of the first, the first is that of the top.
    struct public_pages {
        std::vector<config::endpoint> at;
        std::unique_ptr<site> served;
    };
    std::vector<public_pages> pages;
    std::unique_ptr<site> admin;       ///< the admin listeners
    std::function<void()> keep_house;  ///< to be called about once a second, on a thread that may block
    std::function<void()> make_room;   ///< lets cached descriptors go, when the process has none left
    /// Sends those away who waited too long at the limits of routes, and closes connections to applications
    /// that nobody needs; to be called by the sweeper, on an I/O thread.
    std::function<void(limits::work_limit::clock::time_point now)> expire;
    std::function<void()> abandon;     ///< ends long work soon, when nobody will wait for it any more
    std::vector<std::string> summary;  ///< what is served from where, a line each, for the log
};

/// Builds the sites: the one place that knows every step, their order, every handler and every route. Opens
/// the root and the upload directory. Throws with a sentence that names the setting when one of them cannot
/// be used.
built_sites build(const config::settings& settings, const surroundings& around);

}  // namespace fairlead::site
