#include "config/reachable.hpp"

#include "config/cross_checks.hpp"

#include <algorithm>

namespace fairlead::config {

std::vector<reachable_folder> reachable_folders(const settings& all) {
    std::vector<reachable_folder> folders;
    const auto add = [&](const delivery_settings& delivery, const upload_settings& uploads,
                         bool has_uploads) {
        folders.push_back({"root", delivery.root});
        if (has_uploads) folders.push_back({"uploads.directory", uploads.directory});
    };
    add(all.site.delivery, all.uploads, !all.uploads.path.empty());
    const auto add_site = [&](const site_settings& site) {
        folders.push_back({"root", site.delivery.root});
        for (const auto& route : site.routes) add(route.delivery, route.uploads, route.takes_uploads);
    };
    add_site(all.site);
    for (const auto& site : all.sites) add_site(site);
    return folders;
}

const reachable_folder* find_around(const std::string& file, const std::vector<reachable_folder>& folders) {
    // By their names, and by where links lead: clients follow both.
    const auto real_file = real_path(file);
    const auto found = std::find_if(folders.begin(), folders.end(), [&](const auto& folder) {
        return is_inside(file, folder.directory) || is_inside(real_file, real_path(folder.directory));
    });
    return found == folders.end() ? nullptr : &*found;
}

}  // namespace fairlead::config
