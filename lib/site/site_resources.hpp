#pragma once

#include "config/settings.hpp"
#include "files/answer_records.hpp"
#include "files/upload_store.hpp"
#include "handlers/coded_files.hpp"
#include "handlers/open_tunnel.hpp"
#include "handlers/upload_disk.hpp"
#include "handlers/upload_place.hpp"
#include "site/build.hpp"
#include "site/folder.hpp"
#include "site/guarding.hpp"
#include "site/scripts.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace fairlead::site {

/// A directory of uploads, which several places may share.
struct shared_store {
    shared_store(const config::upload_settings& its, const surroundings& around);

    /// To be called about once a second: looks at the free space, and now and then counts the files again and
    /// forgets old keys. May block.
    void keep_house(std::chrono::steady_clock::time_point now);

    const config::upload_settings settings;  ///< of the place that came first
    std::filesystem::path directory;
    std::uint64_t largest;  ///< bytes of the largest upload of any place
    files::upload_store store;
    std::unique_ptr<files::answer_records> records;
    handlers::name_turns turns;
    std::vector<files::open_files*> served;              ///< by every place that serves what is stored
    std::chrono::steady_clock::time_point next_count{};  ///< of files and keys
};

/// What the handlers of all sites refer to. Built in this order, gone in the reverse one.
struct site_resources {
    site_resources(const config::settings& settings, const surroundings& around, http::media_type_table types)
        : media_types(std::move(types)),
          coded(settings.compression_cache),
          programs({around.disk, around.work, around.deadlines, around.metrics, around.log}) {}

    /// As in built_sites.
    void keep_house(telemetry::log& log);
    void make_room();
    void expire(limits::work_limit::clock::time_point now);
    void abandon();

    /// What tunnels share; made for the first site that has some.
    struct tunnel_resources {
        tunnel_resources(unsigned threads, unsigned queue, unsigned most_pipes)
            : names(threads, queue), pipes(most_pipes) {}
        net::resolver names;
        net::splice_pipes pipes;
    };

    http::media_type_table media_types;
    handlers::coded_files coded;
    scripts programs;
    handlers::listing_memory listings;
    std::unique_ptr<limits::rate_table> rates;  ///< of all rates; made when there are any
    std::vector<std::unique_ptr<limits::rate_limit>> rate_limits;
    std::vector<std::unique_ptr<folder>> folders;  ///< also of stored files
    std::atomic<std::uint64_t> upload_bytes{0};    ///< memory of uploads under way
    std::vector<std::unique_ptr<shared_store>> stores;
    std::vector<std::unique_ptr<handlers::upload_disk>>
        disks;  ///< one for each place, which may have limits of its own
    std::vector<std::unique_ptr<handlers::upload_place>> places;
    access_resources access;
    std::unique_ptr<tunnel_resources> tunnels;
};

}  // namespace fairlead::site
