#pragma once

#include "config/table.hpp"

/// Checks of objects whose names the user chooses, by the rules that will use them, and how those of a site
/// or a route are put together with those above.
namespace fairlead::config {

std::vector<named_fault> check_redirects(const named_values& given);
std::vector<named_fault> check_rewrites(const named_values& given);
std::vector<named_fault> check_cache_control(const named_values& given);
std::vector<named_fault> check_headers(const named_values& given);
std::vector<named_fault> check_error_pages(const named_values& given);
/// Extensions and the interpreters of scripts. Whether they exist is seen by `check_places`.
std::vector<named_fault> check_programs(const named_values& given);
/// Names and values of variables that scripts get.
std::vector<named_fault> check_environment(const named_values& given);
std::vector<named_fault> check_access(const named_values& given);
std::vector<named_fault> check_groups(const named_values& given);

/// `given` comes first, so that its rules win; a pattern above that it repeats is left out.
named_values merge_cache_control(const named_values& above, const named_values& given);
/// By name; those that are `null` stay, since they remove what the server itself would send.
named_values merge_headers(const named_values& above, const named_values& given);
/// `given` comes first; a rule above that could not decide any more behind them is left out.
named_values merge_access(const named_values& above, const named_values& given);
/// By name.
named_values merge_groups(const named_values& above, const named_values& given);
/// By status; `null` is the built-in page again.
named_values merge_error_pages(const named_values& above, const named_values& given);

}  // namespace fairlead::config
