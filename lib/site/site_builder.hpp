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

#include <filesystem>
#include <memory>
#include <string>
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
    std::atomic<std::uint64_t> listing_bytes{0};
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

/// Builds the sites of the public listeners, one after the other; the first is the default one.
class site_builder {
public:
    /// All of them outlive the sites.
    site_builder(site_resources& owned, const config::settings& settings, const surroundings& around);

    /// Throws std::runtime_error that says what cannot be used.
    named_site build(const config::site_settings& site);

    /// What the top of the file says of uploads: POST to its path, stored files below `/uploads/`. Throws as
    /// above.
    void add_uploads(named_site& to);

private:
    files::open_files_limits share_of_cache() const;
    part& add_part(named_site& made, const config::delivery_settings& delivery, std::string url_prefix,
                   const config::limit_settings* own_limits, const limits::rate_limit* rate);
    const limits::rate_limit* rate_of(const config::rate_settings& rate);
    std::shared_ptr<handlers::handler> make_tunnels(const config::connect_settings& connect);
    void add_route(named_site& made, const config::route_settings& route);
    std::shared_ptr<handlers::handler> handler_of_last(const config::delivery_settings& delivery,
                                                       const config::limit_settings& limits, std::string url);
    shared_store& store_of(const config::upload_settings& uploads);
    handlers::upload_place& add_place(const config::upload_settings& uploads,
                                      const config::cors_settings& cors, std::string url_prefix,
                                      limits::work_limit& work);
    void add_route_uploads(named_site& made, const config::route_settings& route, const part& around);
    std::shared_ptr<handlers::handler> stored_files(handlers::upload_place& place,
                                                    const config::upload_settings& uploads, bool listing,
                                                    limits::work_limit& work);
    std::shared_ptr<handlers::handler> served_files(handlers::upload_place& place,
                                                    const config::upload_settings& uploads, bool listing,
                                                    limits::work_limit& work);
    const part& part_of_stored(named_site& made, const config::delivery_settings& delivery,
                               const part& around, const limits::rate_limit* rate);

    site_resources& owned_;
    const config::settings& settings_;
    const surroundings& around_;
    const folder_services services_;
    std::vector<const config::upload_settings*> upload_settings_;  // of all places
    const part* default_part_ = nullptr;                           // of the site that is built first
    limits::work_limit* site_work_ = nullptr;        // of the site that is being built, if it has its own
    const limits::rate_limit* top_rate_ = nullptr;   // of the site that is built first
    const limits::rate_limit* site_rate_ = nullptr;  // of the site that is being built
};

}  // namespace fairlead::site
