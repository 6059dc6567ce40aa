#include "config/log_checks.hpp"

#include "config/json_source.hpp"
#include "config/reachable.hpp"

#include <array>

namespace fairlead::config {
namespace {

/// A log of requests with the paths of its settings.
struct request_log {
    const access_log_settings& settings;
    std::string_view name, format_path, file_path;

    bool is_on() const { return settings.format != access_format::off; }
    bool shares_file(const request_log& other) const {
        return is_on() && other.is_on() && settings.file == other.settings.file;
    }
    std::string place() const { return settings.file.empty() ? "standard output" : quote(settings.file); }
};

std::array<request_log, 3> request_logs(const log_settings& all) {
    return {request_log{all.access, "log.access", "log.access.format", "log.access.file"},
            request_log{all.success, "log.success", "log.success.format", "log.success.file"},
            request_log{all.failure, "log.failure", "log.failure.format", "log.failure.file"}};
}

/// Logs that are never written, and lines that stand twice or among others.
void add_risks_of_forms(const log_settings& all, std::vector<std::string>& risks) {
    const auto logs = request_logs(all);
    const auto& access = logs.front();
    for (const auto& one : logs) {
        if (!one.is_on() && !one.settings.file.empty())
            risks.push_back(std::string(one.file_path) + ": " + one.place() + " stays empty, since " +
                            std::string(one.format_path) +
                            " is \"off\"; choose a format, or leave the file out");
        if (&one != &access && one.shares_file(access))
            risks.push_back(
                std::string(one.name) + " goes to " + one.place() +
                ", as log.access does, so its lines will stand there twice; give it another file, "
                "or set one of the two formats to \"off\"");
        if (one.is_on() && !one.settings.file.empty() && one.settings.file == all.file)
            risks.push_back(std::string(one.file_path) + ": " + one.place() +
                            " is the file of the log (log.file), too: lines of two forms will stand in it");
    }
    if (all.security.file.empty() && all.security.format == log_format::json &&
        all.format != all.security.format)
        risks.push_back(
            "log.security.format has no effect, since log.security.file is empty: security events stand in "
            "the log, in its form");
}

/// Files of logs that clients may reach.
void add_risks_of_places(const settings& all, std::vector<std::string>& risks) {
    std::vector<std::pair<std::string_view, std::string>> files{{"log.file", all.log.file},
                                                                {"log.security.file", all.log.security.file}};
    for (const auto& one : request_logs(all.log))
        if (one.is_on()) files.emplace_back(one.file_path, one.settings.file);
    const auto folders = reachable_folders(all);
    for (const auto& [path, file] : files) {
        if (file.empty()) continue;
        if (const auto* const within = find_around(file, folders))
            risks.push_back(std::string(path) + ": " + quote(file) + " lies inside " +
                            std::string(within->setting) + " " + quote(within->directory) +
                            ", where clients may reach it; choose a directory outside of it");
    }
}

}  // namespace

void fit_log_defaults(log_settings& all, const is_given& given, std::vector<std::string_view>& changed) {
    const auto fit = [&](const std::string& file, auto& format, auto wanted, std::string_view format_path) {
        if (file.empty() || given(format_path) || format == wanted) return;
        format = wanted;
        changed.push_back(format_path);
    };
    const auto form = all.access.format == access_format::off ? access_format::combined : all.access.format;
    fit(all.success.file, all.success.format, form, "log.success.format");
    fit(all.failure.file, all.failure.format, form, "log.failure.format");
    fit(all.security.file, all.security.format, all.format, "log.security.format");
}

std::vector<contradiction> find_log_contradictions(const log_settings& all) {
    std::vector<contradiction> found;
    const auto [access, success, failure] = request_logs(all);
    const auto need_one_form = [&](const request_log& one, const request_log& other) {
        if (one.shares_file(other) && one.settings.format != other.settings.format)
            found.push_back({one.format_path, std::string(other.name) + " goes to " + one.place() +
                                                  ", too, in another format; choose one format for both, or "
                                                  "another file"});
    };
    need_one_form(success, access);
    need_one_form(failure, access);
    need_one_form(failure, success);
    if (all.security.file.empty()) return found;
    for (const auto& one : {access, success, failure})
        if (one.is_on() && one.settings.file == all.security.file)
            found.push_back({"log.security.file", quote(all.security.file) + " is the file of " +
                                                      std::string(one.name) +
                                                      " already; give security events a file of their own"});
    if (all.file == all.security.file)
        found.push_back(
            {"log.security.file", quote(all.file) +
                                      " is the file of the log (log.file); leave log.security.file empty: "
                                      "then security events stand in the log"});
    return found;
}

std::vector<std::string> find_log_risks(const settings& all) {
    std::vector<std::string> risks;
    add_risks_of_forms(all.log, risks);
    add_risks_of_places(all, risks);
    return risks;
}

}  // namespace fairlead::config
