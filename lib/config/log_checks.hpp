#pragma once

#include "config/cross_checks.hpp"
#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Rules between the settings of logs; part of cross_checks. Two logs have the same file when its names are
/// equal: no link is followed.
namespace fairlead::config {

/// A log that has a file and no form takes that of its elder: successes and failures that of the access log
/// (`combined` where that is off), security events that of the log. Adds the paths of what it changed to
/// `changed`.
void fit_log_defaults(log_settings& all, const is_given& given, std::vector<std::string_view>& changed);

/// Two logs of requests in one file need one form; security events share no file with requests, so that no
/// client has a hand in the lines around them.
std::vector<contradiction> find_log_contradictions(const log_settings& all);

/// Logs that are never written, lines that stand twice, and files of logs that clients may reach.
std::vector<std::string> find_log_risks(const settings& all);

}  // namespace fairlead::config
