#pragma once

#include "config/scopes.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What sites and routes must not be together: each may be right by itself.
namespace fairlead::config {

/// The path of a route without the slash at its end: both forms mean the same route.
std::string route_path(std::string_view key);

/// The names of a site, as they stand in its key; as hosts are compared: lower case, without port and
/// trailing dot.
std::vector<std::string> names_of(std::string_view key);

/// Appends to `complaints`: routes that are there twice, or at addresses that are taken; methods that nothing
/// there takes; names that two sites on one address claim; uploads that would be published, or that share a
/// directory but not its rules. `above` is what stands at the top of the file.
void check_scopes(const given_scopes& scopes, const settings& above, std::vector<complaint>& complaints);

}  // namespace fairlead::config
