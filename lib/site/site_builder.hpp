#pragma once

#include "site/site_resources.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead::site {

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
    http::method_set methods_taken_by(const config::site_settings& site) const;
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
