#include "config/script_checks.hpp"

#include "config/cross_checks.hpp"
#include "config/describe.hpp"
#include "http/type_policy.hpp"

#include <algorithm>
#include <filesystem>

namespace fairlead::config {
namespace {

/// The path without links, as far as it exists.
std::string real_path(const std::string& path) {
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : real.string();
}

/// What each level of the configuration publishes.
std::vector<const delivery_settings*> levels_of(const settings& all) {
    std::vector<const delivery_settings*> levels;
    const auto add = [&](const site_settings& site) {
        levels.push_back(&site.delivery);
        for (const auto& route : site.routes) levels.push_back(&route.delivery);
    };
    add(all.site);
    for (const auto& site : all.sites) add(site);
    return levels;
}

std::vector<const upload_settings*> uploads_of(const settings& all) {
    std::vector<const upload_settings*> places;
    const auto add = [&](const site_settings& site) {
        for (const auto& route : site.routes)
            if (route.takes_uploads) places.push_back(&route.uploads);
    };
    if (!all.uploads.path.empty()) places.push_back(&all.uploads);
    add(all.site);
    for (const auto& site : all.sites) add(site);
    return places;
}

/// Extensions of the files that are run, whoever runs them.
std::vector<std::string> scripts_of(const delivery_settings& delivery) {
    std::vector<std::string> extensions;
    for (const auto& [extension, program] : delivery.cgi.programs) extensions.push_back(extension);
    if (delivery.fastcgi.has_scripts())
        extensions.insert(extensions.end(), delivery.fastcgi.extensions.begin(),
                          delivery.fastcgi.extensions.end());
    return extensions;
}

/// The setting that makes scripts of files.
std::string_view setting_of(const delivery_settings& with) {
    return with.cgi.programs.empty() ? "fastcgi.extensions" : "cgi.programs";
}

/// Scripts of `with` that `other` would send.
void find_exposed(const delivery_settings& with, const delivery_settings& other,
                  std::vector<contradiction>& found) {
    const auto mine = real_path(with.root);
    const auto theirs = real_path(other.root);
    if (!is_inside(mine, theirs) && !is_inside(theirs, mine)) return;
    const auto types = http::type_policy::from_words(other.types);
    const auto run_there = scripts_of(other);
    for (const auto& extension : scripts_of(with)) {
        if (std::find(run_there.begin(), run_there.end(), extension) != run_there.end()) continue;
        if (types && types->find(extension))
            found.push_back(
                {setting_of(with), "scripts (." + extension + ") below " + quote(with.root) +
                                       " would be sent as files by what publishes " + quote(other.root) +
                                       ": take " + quote(extension) +
                                       " out of its types, or keep the scripts in a folder of their own"});
    }
}

}  // namespace

std::vector<contradiction> find_exposed_scripts(const settings& all) {
    std::vector<contradiction> found;
    const auto levels = levels_of(all);
    for (const auto* with : levels) {
        if (scripts_of(*with).empty()) continue;
        for (const auto* other : levels) find_exposed(*with, *other, found);
        for (const auto* uploads : uploads_of(all))
            if (is_inside(real_path(uploads->directory), real_path(with->root)))
                found.push_back(
                    {setting_of(*with),
                     "uploads.directory " + quote(uploads->directory) + " lies inside " + quote(with->root) +
                         ", where scripts are run, so everyone who may upload could run programs; choose a "
                         "directory outside of it"});
    }
    // Levels that take their scripts from above say the same.
    const auto text = [](const contradiction& one) -> const std::string& { return one.message; };
    std::ranges::sort(found, {}, text);
    const auto repeated = std::ranges::unique(found, {}, text);
    found.erase(repeated.begin(), repeated.end());
    return found;
}

}  // namespace fairlead::config
