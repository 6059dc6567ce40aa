#include "config/script_checks.hpp"

#include "config/cross_checks.hpp"
#include "config/describe.hpp"
#include "http/target.hpp"
#include "http/type_policy.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

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

/// A program that answers for all paths of a level.
struct single_script {
    std::string_view setting;
    std::string file;
};

std::vector<single_script> single_scripts_of(const delivery_settings& delivery) {
    std::vector<single_script> scripts;
    if (!delivery.cgi.script.empty()) scripts.push_back({"cgi.script", delivery.cgi.script});
    if (delivery.fastcgi.is_on() && !delivery.fastcgi.script.empty())
        scripts.push_back({"fastcgi.script", delivery.fastcgi.script});
    return scripts;
}

/// What would replace the program, or send its source.
void find_exposed(const single_script& script, const delivery_settings& with, const settings& all,
                  std::vector<contradiction>& found) {
    const auto file = real_path(script.file);
    for (const auto* uploads : uploads_of(all))
        if (is_inside(file, real_path(uploads->directory)))
            found.push_back({script.setting,
                             quote(script.file) + " lies inside uploads.directory " +
                                 quote(uploads->directory) +
                                 ", so everyone who may upload could replace the program; choose a directory "
                                 "apart from it"});
    const std::string extension(http::extension(file));
    for (const auto* other : levels_of(all)) {
        const auto types = http::type_policy::from_words(other->types);
        const auto run_there = scripts_of(*other);
        const bool is_run = std::find(run_there.begin(), run_there.end(), extension) != run_there.end();
        const bool serves_files = single_scripts_of(*other).empty();
        if (other == &with || is_run || !serves_files || !types || !types->find(extension)) continue;
        if (is_inside(file, real_path(other->root)))
            found.push_back({script.setting, quote(script.file) +
                                                 " would be sent as a file by what publishes " +
                                                 quote(other->root) + ": take " + quote(extension) +
                                                 " out of its types, or keep the program elsewhere"});
    }
}

/// Error pages that are scripts: they are sent as they are.
void find_script_pages(const delivery_settings& with, const std::vector<std::string>& extensions,
                       std::vector<contradiction>& found) {
    for (const auto& [status, page] : with.error_pages) {
        if (!page) continue;
        const auto own = http::extension(*page);
        if (std::find(extensions.begin(), extensions.end(), own) != extensions.end())
            found.push_back(
                {"error_pages", quote(*page) + " for " + status +
                                    " is a script, whose source would be sent; name a page that is "
                                    "none"});
    }
}

}  // namespace

std::vector<contradiction> find_exposed_scripts(const settings& all) {
    std::vector<contradiction> found;
    const auto levels = levels_of(all);
    for (const auto* with : levels) {
        for (const auto& script : single_scripts_of(*with)) find_exposed(script, *with, all, found);
        const auto extensions = scripts_of(*with);
        if (extensions.empty()) continue;
        find_script_pages(*with, extensions, found);
        for (const auto* other : levels) find_exposed(*with, *other, found);
        const auto root = real_path(with->root);
        for (const auto* uploads : uploads_of(all)) {
            const auto directory = real_path(uploads->directory);
            const auto refuse = [&](const std::string& how) {
                found.push_back(
                    {setting_of(*with), "uploads.directory " + quote(uploads->directory) + how +
                                            ", where scripts are run, so everyone who may upload "
                                            "could run programs; choose a directory outside of it"});
            };
            if (is_inside(directory, root))
                refuse(" lies inside " + quote(with->root));
            else if (is_inside(root, directory))
                refuse(" contains " + quote(with->root));
        }
    }
    // Levels that take their scripts from above say the same.
    const auto text = [](const contradiction& one) -> const std::string& { return one.message; };
    std::ranges::sort(found, {}, text);
    const auto repeated = std::ranges::unique(found, {}, text);
    found.erase(repeated.begin(), repeated.end());
    return found;
}

}  // namespace fairlead::config
