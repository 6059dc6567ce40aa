#include "config/rows.hpp"

#include <array>

/// What those who run the server see of it: its figures and its logs.
namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::array log_levels{"debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array log_formats{"text"sv, "json"sv};
constexpr std::array access_formats{"off"sv, "common"sv, "combined"sv, "json"sv};

template <auto... Members>
constexpr auto log() {
    return field_at<&settings::log, Members...>();
}
/// The form and the file of a log of requests, which differ in their sentences.
template <auto Log>
constexpr word_kind request_log_format() {
    return word_at<&settings::log, Log, &access_log_settings::format>(access_formats);
}
template <auto Log>
constexpr path_kind request_log_file() {
    return {log<Log, &access_log_settings::file>(), true};
}

constexpr std::array rows{
    setting{"admin.listen", endpoints_kind{field_at<&settings::admin, &admin_settings::listen>(), true},
            "Addresses of `/metrics` and the detailed health pages; an empty list switches them off.",
            R"(["127.0.0.1:9999"])"},

    setting{"log.level", word_at<&settings::log, &log_settings::level>(log_levels),
            "Least level that is logged.", R"("debug")"},
    setting{"log.format", word_at<&settings::log, &log_settings::format>(log_formats), "Form of a log line.",
            R"("json")"},
    setting{"log.file", path_kind{log<&log_settings::file>(), true},
            "File of the log; empty is standard error.", R"("/var/log/fairlead/server.log")"},
    setting{"log.status_interval", time_kind{log<&log_settings::status_interval>(), 0ms, 24h},
            "Time between two status lines; \"0s\" switches them off.", R"("1m")"},
    setting{"log.access.format", request_log_format<&log_settings::access>(),
            "Form of the access log; `off` switches it off.", R"("json")"},
    setting{"log.access.file", request_log_file<&log_settings::access>(),
            "File of the access log; empty is standard output.", R"("/var/log/fairlead/access.log")"},
    setting{"log.success.format", request_log_format<&log_settings::success>(),
            "Form of a log of the requests that were answered below 400; where only its file is given, that "
            "of the access log.",
            R"("combined")"},
    setting{"log.success.file", request_log_file<&log_settings::success>(),
            "Its file; empty is standard output.", R"("/var/log/fairlead/success.log")"},
    setting{"log.failure.format", request_log_format<&log_settings::failure>(),
            "Form of a log of the requests that were answered 400 or above; where only its file is given, "
            "that of the access log.",
            R"("combined")"},
    setting{"log.failure.file", request_log_file<&log_settings::failure>(),
            "Its file; empty is standard output.", R"("/var/log/fairlead/failure.log")"},
    setting{"log.security.format",
            word_at<&settings::log, &log_settings::security, &security_log_settings::format>(log_formats),
            "Form of the log of security events; where only its file is given, that of the log.",
            R"("json")"},
    setting{"log.security.file",
            path_kind{log<&log_settings::security, &security_log_settings::file>(), true},
            "Its file; empty: the events stand in the log.", R"("/var/log/fairlead/security.log")"},
};

}  // namespace

std::span<const setting> operation_rows() noexcept { return rows; }

}  // namespace fairlead::config
