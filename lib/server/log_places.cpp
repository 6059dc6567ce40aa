#include "server/log_places.hpp"

#include <string_view>

namespace fairlead::server {
namespace {

// config and telemetry do not know each other: their words are the same ones in the same order.
static_assert(static_cast<int>(config::log_level::error) == static_cast<int>(telemetry::severity::error));
static_assert(static_cast<int>(config::access_format::json) ==
              static_cast<int>(telemetry::access_format::json));

telemetry::access_target target(const config::access_log_settings& wanted) {
    return {static_cast<telemetry::access_format>(wanted.format), wanted.file};
}

std::string_view form(config::log_format format) {
    return format == config::log_format::json ? "json" : "text";
}

std::string_view form(config::access_format format) {
    switch (format) {
        case config::access_format::off: break;
        case config::access_format::common: return "common";
        case config::access_format::combined: return "combined";
        case config::access_format::json: return "json";
    }
    return "off";
}

std::string place(std::string_view name, const std::string& file, std::string_view stream,
                  std::string_view form) {
    std::string text(name);
    text.append(" ").append(file.empty() ? stream : std::string_view(file));
    return text.append(" (").append(form).append(")");
}

}  // namespace

telemetry::log_options log_options(const config::log_settings& wanted) {
    telemetry::log_options options;
    options.level = static_cast<telemetry::severity>(wanted.level);
    options.json = wanted.format == config::log_format::json;
    options.file = wanted.file;
    options.colour = wanted.file.empty();
    options.security_file = wanted.security.file;
    options.security_json = wanted.security.format == config::log_format::json;
    return options;
}

telemetry::access_log_options access_log_options(const config::log_settings& wanted) {
    telemetry::access_log_options options;
    options.all = target(wanted.access);
    options.success = target(wanted.success);
    options.failure = target(wanted.failure);
    return options;
}

std::string describe_logs(const config::log_settings& logs) {
    auto text = "logs: " + place("server", logs.file, "standard error", form(logs.format));
    const auto add = [&](std::string_view name, const config::access_log_settings& log) {
        if (log.format != config::access_format::off)
            text += ", " + place(name, log.file, "standard output", form(log.format));
    };
    add("access", logs.access);
    add("success", logs.success);
    add("failure", logs.failure);
    if (logs.security.file.empty()) return text + ", security with server";
    return text + ", " + place("security", logs.security.file, {}, form(logs.security.format));
}

}  // namespace fairlead::server
