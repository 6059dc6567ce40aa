#pragma once

#include "config/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Rules between settings. Paths in the settings are absolute and normal.
namespace fairlead::config {

/// Tells whether a setting was given, in contrast to a built-in default.
using is_given = std::function<bool(std::string_view path)>;

/// Fits defaults to the values that were given: `limits.connections_hard` is a quarter above
/// `limits.connections`, and `limits.idle_timeout_pressed` is not above `limits.idle_timeout`. Returns the
/// paths of what it changed.
std::vector<std::string_view> fit_defaults(settings& all, const is_given& given);

/// A combination that is refused: the setting to blame and the sentence.
struct contradiction {
    std::string_view path;
    std::string message;
};

/// Every combination of single valid values that is refused. `usable` says whether a setting's own value is
/// valid; a rule on one that is not is left out.
std::vector<contradiction> find_contradictions(const settings& all,
                                               const std::function<bool(std::string_view)>& usable);

/// The same for what one level says about delivery: the top, a site, or a route.
std::vector<contradiction> find_contradictions(const delivery_settings& delivery);

/// What is allowed, but probably not meant.
std::vector<std::string> find_risks(const settings& all);

/// Why uploads into `directory` and what is published from `root` do not go together: one of them lies inside
/// the other. Nothing when they lie apart.
std::optional<std::string> overlap_of(const std::string& directory, const std::string& root);

/// The path without links, as far as it exists.
std::string real_path(const std::string& path);

/// True when `inner` is `outer` or lies below it. Both are absolute and normal; only names are compared, no
/// link is followed.
bool is_inside(const std::string& inner, const std::string& outer);

/// Whether two places may upload into one directory: what belongs to the store is the same in both.
bool may_share(const upload_settings& one, const upload_settings& other) noexcept;

}  // namespace fairlead::config
