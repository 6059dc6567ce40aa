#pragma once

#include "config/settings.hpp"
#include "limits/address_limit.hpp"
#include "limits/connection_limit.hpp"
#include "session/watch.hpp"
#include "site/site.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <string>

namespace fairlead::session {

/// What the sessions of one listener share; the server owns all of it and outlives them.
struct environment {
    const config::limit_settings& limits;
    site::site& pages;
    limits::connection_limit& connections;
    limits::address_limit& addresses;
    watch_list& watches;
    telemetry::metrics& metrics;
    telemetry::access_log& access_log;
    telemetry::log& log;
    boost::asio::thread_pool& disk;  ///< for calls that may wait for the disk
    const std::atomic<bool>& is_draining;
    std::string keep_alive_lines;  ///< see http1_writer.hpp
};

}  // namespace fairlead::session
