#pragma once

#include "config/settings.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/log.hpp"

#include <string>

/// The logs that the settings ask for.
namespace fairlead::server {

telemetry::log_options log_options(const config::log_settings& wanted);
telemetry::access_log_options access_log_options(const config::log_settings& wanted);

/// One line that says where each log goes: `logs: server standard error (text), access /var/log/access.log
/// (combined), security with server`. Logs that are off are left out.
std::string describe_logs(const config::log_settings& logs);

}  // namespace fairlead::server
