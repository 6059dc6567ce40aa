#pragma once

#include "config/settings.hpp"
#include "files/upload_store.hpp"
#include "handlers/coded_files.hpp"
#include "site/build.hpp"
#include "site/folder.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead::site {

// Descriptors of what is kept compressed.
inline constexpr std::size_t coded_descriptors = 256;

/// What the handlers of all sites refer to. Built in this order, gone in the reverse one.
struct site_resources {
    site_resources(const config::settings& settings, http::media_type_table types)
        : media_types(std::move(types)), coded(settings.compression_cache, coded_descriptors) {}

    http::media_type_table media_types;
    handlers::coded_files coded;
    std::atomic<std::uint64_t> listing_bytes{0};
    std::vector<std::unique_ptr<folder>> folders;
    std::unique_ptr<files::upload_store> uploads;
    folder stored;  ///< without files unless uploads are served
};

/// Builds the sites of the public listeners, one after the other; the first is the default one.
class site_builder {
public:
    /// All of them outlive the sites.
    site_builder(site_resources& owned, const config::settings& settings, const surroundings& around);

    /// Throws std::runtime_error that says what cannot be used.
    named_site build(const config::site_settings& site);

    /// POST of documents, and GET of what was stored if that is wanted, as parts of `to`. Throws as above.
    void add_uploads(named_site& to);

private:
    files::open_files_limits share_of_cache() const;
    part& add_part(named_site& made, const config::delivery_settings& delivery, std::string url_prefix,
                   const config::limit_settings* own_limits);
    void add_route(named_site& made, const config::route_settings& route);
    std::shared_ptr<handlers::handler> handler_of_last(const config::delivery_settings& delivery);
    std::shared_ptr<handlers::handler> stored_documents(const std::string& prefix);

    site_resources& owned_;
    const config::settings& settings_;
    const surroundings& around_;
    const folder_services services_;
    const part* default_part_ = nullptr;       // of the site that is built first
    limits::work_limit* site_work_ = nullptr;  // of the site that is being built, if it has its own
};

}  // namespace fairlead::site
