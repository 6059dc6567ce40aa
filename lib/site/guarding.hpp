#pragma once

#include "config/settings.hpp"
#include "http/access_map.hpp"
#include "limits/login_throttle.hpp"
#include "site/site.hpp"
#include "steps/logins.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::site {

/// What the rules of access of all sites stand on: files of users, each opened once, and what keeps guesses
/// slow. Built in this order, gone in the reverse one.
struct access_resources {
    limits::login_throttle throttle;
    std::vector<std::unique_ptr<steps::logins>> known;  ///< a file each; the number of the first is 1
    std::vector<std::unique_ptr<http::access_map>> maps;
    steps::password_pool passwords;

    /// The number of those who are known by a file. Throws as files::user_file does.
    std::size_t number_of(const std::string& file);
    /// Reads files that have changed. To be called about once a second, by one thread at a time; may block.
    void keep_house(telemetry::log& log);
};

/// Puts the rules of a site, and of its routes, before the other steps of its parts but the rate of
/// addresses; leaves it alone when there are none. Warns of users whom rules name and nobody knows. Throws
/// std::runtime_error that says which rule or file cannot be used.
void guard(named_site& made, const config::site_settings& site, access_resources& owned,
           std::chrono::milliseconds retry_after, telemetry::metrics& metrics, telemetry::log& log);

/// Why files of users that the settings name are not taken, a sentence each: for who only checks.
std::vector<std::string> find_user_file_faults(const config::settings& settings);

}  // namespace fairlead::site
