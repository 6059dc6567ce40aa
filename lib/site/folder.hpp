#pragma once

#include "config/settings.hpp"
#include "handlers/coded_files.hpp"
#include "handlers/static_files.hpp"
#include "http/cors.hpp"
#include "limits/rate_limit.hpp"
#include "limits/work_limit.hpp"
#include "site/site.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fairlead::site {

/// A published folder: what is said about its files, the open ones, and the limit on work with them.
struct folder {
    handlers::file_rules rules;
    std::unique_ptr<files::open_files> files;
    std::unique_ptr<limits::work_limit> own_work;  ///< where a site or route has limits of its own
    limits::work_limit* work = nullptr;            ///< that counts here; nullptr: that of all
    const limits::rate_limit* rate = nullptr;      ///< that counts here; nullptr: none
};

/// What folders share.
struct folder_services {
    const http::media_type_table& media_types;
    handlers::coded_files& coded;
    boost::asio::thread_pool& disk;
    boost::asio::thread_pool& encoders;
    limits::work_limit& work;
    handlers::listing_memory& listings;
    files::open_files_limits cache;  ///< of one folder
    telemetry::metrics& metrics;
};

/// The fields that every answer of a part has: those for security, as `headers` changes them. Throws
/// std::runtime_error that says what is wrong.
http::field_rules make_field_rules(const config::delivery_settings& settings);

/// The open files below `root`, with what the rules say of them. The rules outlive them. `are_uploads`: their
/// entity tags are the digests that were kept with them.
std::unique_ptr<files::open_files> open_files_by(const handlers::file_rules& rules, const std::string& root,
                                                 const files::open_files_limits& cache,
                                                 bool are_uploads = false);

/// Opens the folder that is mounted at `url_prefix`. Throws std::runtime_error that names what cannot be
/// used.
std::unique_ptr<folder> open_folder(const config::delivery_settings& settings, std::string url_prefix,
                                    const folder_services& services);

/// The handler of its files. The folder outlives it.
std::shared_ptr<handlers::handler> make_handler(folder& of, const config::delivery_settings& settings,
                                                const folder_services& services,
                                                std::chrono::milliseconds retry_after);

/// Whose pages may use what is served; nothing when no origin is listed.
std::optional<http::cors_policy> cors_policy_of(const config::cors_settings& settings);

/// The steps of a part; `rate` counts there, nullptr: none.
std::vector<std::unique_ptr<steps::step>> make_steps(const config::delivery_settings& settings,
                                                     const limits::rate_limit* rate,
                                                     const folder_services& services);

/// What the answers of the part that begins at the folder have in common.
std::unique_ptr<part> make_part(const folder& of, const config::delivery_settings& settings,
                                const folder_services& services);

}  // namespace fairlead::site
