#pragma once

#include "config/cross_checks.hpp"
#include "config/scopes.hpp"

#include <optional>
#include <string>
#include <vector>

/// What rules of access must not be together with other settings.
namespace fairlead::config {

/// Rules that ask for users where there is no file of them, and groups that are not there.
std::vector<contradiction> find_access_contradictions(const delivery_settings& delivery);

/// Appends to `complaints`: a rule of a route that no path of it can meet, or that is only for methods which
/// the route does not answer, or one of a site that is only for methods which nothing there answers. `above`
/// is what stands at the top of the file.
void check_route_access(const given_scopes& scopes, const settings& above,
                        std::vector<complaint>& complaints);

/// A rule at the top that is only for methods which nothing answers.
std::optional<contradiction> find_unused_rule(const given_scopes& scopes, const settings& above);

/// Why a file of users must not lie where it does: clients may read or replace it there.
std::optional<std::string> fault_of_users_place(const std::string& file, const settings& all);

/// Appends to `complaints` such files of sites and routes; `all` is complete.
void check_users_places(const given_scopes& scopes, const settings& all, std::vector<complaint>& complaints);

/// Levels where a file of users is given, but no rule asks for them.
std::vector<std::string> find_access_risks(const settings& all);

}  // namespace fairlead::config
