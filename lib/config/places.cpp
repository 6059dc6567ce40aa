#include "config/places.hpp"

#include "base/exact_names.hpp"
#include "base/unique_fd.hpp"
#include "config/cross_checks.hpp"
#include "config/file_text.hpp"
#include "config/scope_checks.hpp"
#include "config/script_checks.hpp"
#include "http/access_rules.hpp"
#include "http/media_type.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace fairlead::config {
namespace {

enum class wanted { directory, file, program };

// More than any list of media types has.
constexpr std::size_t most_types_bytes = 16 << 20;

/// Why the path cannot be used, or nothing.
std::optional<std::string> find_fault(const std::string& path, wanted what) {
    struct stat found{};
    const bool is_directory = what == wanted::directory;
    if (::stat(path.c_str(), &found) != 0)
        return quote(path) + " cannot be used: " + std::strerror(errno) +
               (errno == ENOENT ? "; create it, or correct the path" : "");
    if (is_directory != S_ISDIR(found.st_mode))
        return quote(path) + (is_directory ? " is no directory" : " is no file");
    if (what == wanted::program && ::access(path.c_str(), X_OK) != 0)
        return quote(path) + " cannot be run by this user: " + std::strerror(errno);
    if (what != wanted::program && ::access(path.c_str(), is_directory ? R_OK | X_OK : R_OK) != 0)
        return quote(path) + " cannot be read by this user: " + std::strerror(errno);
    return std::nullopt;
}

/// Why a file below `root` cannot be the page of a status, or nothing.
std::optional<std::string> find_fault_of_page(const std::string& root, const std::string& page) {
    const auto path = root + page;
    if (auto fault = find_fault(path, wanted::file)) return fault;
    std::error_code special;
    const auto size = std::filesystem::file_size(path, special);
    if (special) return quote(path) + " is no file";
    if (size > most_error_page_bytes)
        return quote(path) + " has " + std::to_string(size) + " bytes, and a page at most " +
               std::to_string(most_error_page_bytes);
    if (!is_inside(real_path(path), real_path(root)))
        return quote(path) + " is reached by a link that leads out of " + quote(root) +
               ", which none may; put the page there";
    return std::nullopt;
}

/// Why media types cannot be read from `path`, or nothing.
std::optional<std::string> find_fault_of_types(const std::string& path) {
    if (auto fault = find_fault(path, wanted::file)) return fault;
    const auto text = read_text(path, most_types_bytes);
    if (!text) return quote(path) + " cannot be read: " + text.error().message();
    std::vector<std::string> errors;
    (void)http::media_type_table::parse(*text, errors);
    if (errors.empty()) return std::nullopt;
    return quote(path) + ", " + errors.front();
}

/// Why nothing can be made in the folder of `path`, or nothing.
std::optional<std::string> find_fault_of_folder(const std::filesystem::path& path) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    std::error_code unknown;
    if (!std::filesystem::is_directory(folder, unknown))
        return quote(path.string()) + " cannot be made: " + quote(folder.string()) +
               " is no directory; create it, or correct the path";
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return quote(path.string()) + " cannot be made: " + quote(folder.string()) +
               " cannot be written by this user: " + std::strerror(errno);
    return std::nullopt;
}

/// Why uploads cannot be stored at `path`, which is made at the start with the folders above it.
std::optional<std::string> find_fault_of_store(std::filesystem::path path) {
    std::error_code unknown;
    if (!path.has_filename()) path = path.parent_path();  // "uploads/"
    if (std::filesystem::exists(path, unknown)) {
        if (!std::filesystem::is_directory(path, unknown)) return quote(path.string()) + " is no directory";
        if (::access(path.c_str(), R_OK | W_OK | X_OK) == 0) return std::nullopt;
        return quote(path.string()) + " cannot be written by this user: " + std::strerror(errno);
    }
    while (path.has_parent_path() && !std::filesystem::exists(path.parent_path(), unknown))
        path = path.parent_path();
    return find_fault_of_folder(path);
}

/// Why lines cannot be added to the file `path`, which is made at the start.
std::optional<std::string> find_fault_of_log(const std::string& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return find_fault_of_folder(path);
    if (S_ISDIR(found.st_mode)) return quote(path) + " is a directory";
    if (::access(path.c_str(), W_OK) != 0)
        return quote(path) + " cannot be written by this user: " + std::strerror(errno);
    return std::nullopt;
}

/// Why the sockets of this user cannot have the algorithm, or nothing. The kernel decides: an algorithm may
/// be a module that it loads now, or be allowed to some.
std::optional<std::string> find_fault_of_congestion_control(const std::string& name) {
    if (name == "auto" || name == "system") return std::nullopt;
    unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) socket.reset(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return std::nullopt;  // whoever listens says why
    const auto length = static_cast<socklen_t>(name.size());
    if (::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), length) == 0)
        return std::nullopt;
    return quote(name) + " cannot be used: " + std::strerror(errno) +
           "; /proc/sys/net/ipv4/tcp_allowed_congestion_control names what can";
}

/// Checks what one level names itself.
class level_check {
public:
    /// `where` gives the place of a setting, `prefix` is the pointer of the level.
    level_check(const delivery_settings& delivery, std::string prefix, config_errors& errors)
        : delivery_(delivery), prefix_(std::move(prefix)), errors_(errors) {}

    void check_root(const std::string& where) {
        if (auto fault = find_fault(delivery_.root, wanted::directory))
            errors_.push_back({where, prefix_ + "/root", std::move(*fault)});
    }

    void check_error_pages(const std::string& where) {
        for (const auto& [status, page] : delivery_.error_pages) {
            if (!page) continue;
            if (auto fault = find_fault_of_page(delivery_.root, *page))
                errors_.push_back({where, prefix_ + "/error_pages/" + status, std::move(*fault)});
        }
    }

    void check_programs(const std::string& where) {
        for (const auto& [extension, program] : delivery_.cgi.programs) {
            if (program->empty()) continue;
            if (auto fault = find_fault(*program, wanted::program))
                errors_.push_back({where, prefix_ + "/cgi/programs/" + extension, std::move(*fault)});
        }
    }

    void check_script(const std::string& where) {
        if (delivery_.cgi.script.empty()) return;
        if (auto fault = find_fault(delivery_.cgi.script, wanted::program))
            errors_.push_back({where, prefix_ + "/cgi/script", std::move(*fault)});
    }

private:
    const delivery_settings& delivery_;
    const std::string prefix_;
    config_errors& errors_;
};

/// Why rules for some of the files in a store would not hold, or nothing. What is read is found by the names
/// that its folder lists; who writes may mean a file that is there by another name.
std::optional<std::string> find_fault_of_names(const named_values& access, const std::string& path,
                                               const std::string& store) {
    const auto below = path + "/";
    const auto is_for_some = [&](const auto& rule) {
        http::access_rules alone;
        (void)alone.add(rule.name, rule.text());
        // Those of the levels above are for other paths, too.
        if (alone.find_outside(path)) return false;
        const auto pattern =
            std::string_view(rule.name).substr(std::min(rule.name.find('/'), rule.name.size()));
        return pattern != "/**" && pattern != below + "**";
    };
    const auto rule = std::find_if(access.begin(), access.end(), is_for_some);
    if (rule == access.end() || !has_unlisted_names(store)) return std::nullopt;
    return quote(store) +
           " is on a file system that takes names in any case, so who may write there could pass the rule " +
           quote(rule->name) + " by another spelling; use one that tells case apart, or rules for all of " +
           quote(below + "**");
}

void check_scope(const loaded& configuration, const given_scope& scope, const std::string& prefix,
                 config_errors& errors) {
    const auto pointer = pointer_to(prefix, scope.name);
    const auto& delivery = scope.values.site.delivery;
    level_check level(delivery, pointer, errors);
    for (const auto& [row, at] : scope.given) {
        const auto where = place_text(configuration.file, at);
        if (table()[row].path == "root") level.check_root(where);
        if (table()[row].path == "error_pages") level.check_error_pages(where);
        if (table()[row].path == "cgi.programs") level.check_programs(where);
        if (table()[row].path == "cgi.script") level.check_script(where);
        if (table()[row].path != "uploads.directory") continue;
        if (auto fault = find_fault_of_store(scope.values.uploads.directory))
            errors.push_back({where, pointer + "/uploads/directory", std::move(*fault)});
        if (auto fault =
                find_fault_of_names(delivery.access, route_path(scope.name), scope.values.uploads.directory))
            errors.push_back({where, pointer + "/uploads/directory", std::move(*fault)});
    }
    for (const auto& route : scope.routes) check_scope(configuration, route, pointer + "/routes", errors);
}

}  // namespace

config_errors check_places(const loaded& configuration) {
    config_errors errors;
    const auto& values = configuration.values;
    level_check top(values.site.delivery, "", errors);
    top.check_root(configuration.origin_of("root").place());
    top.check_error_pages(configuration.origin_of("error_pages").place());
    top.check_programs(configuration.origin_of("cgi.programs").place());
    top.check_script(configuration.origin_of("cgi.script").place());
    const auto check = [&](const char* path, const std::string& value, auto find) {
        if (value.empty()) return;
        if (auto fault = find(value))
            errors.push_back({configuration.origin_of(path).place(), pointer_of(path), std::move(*fault)});
    };
    check("mime_types", values.mime_types, find_fault_of_types);
    check("congestion_control", values.congestion_control, find_fault_of_congestion_control);
    if (!values.uploads.path.empty())
        check("uploads.directory", values.uploads.directory, find_fault_of_store);
    check("log.file", values.log.file, find_fault_of_log);
    check("log.access.file", values.log.access.file, find_fault_of_log);
    check("log.success.file", values.log.success.file, find_fault_of_log);
    check("log.failure.file", values.log.failure.file, find_fault_of_log);
    check("log.security.file", values.log.security.file, find_fault_of_log);
    for (const auto& route : configuration.scopes.routes)
        check_scope(configuration, route, "/routes", errors);
    for (const auto& site : configuration.scopes.sites) check_scope(configuration, site, "/sites", errors);
    for (auto& exposed : find_exposed_scripts(values))
        errors.push_back({configuration.origin_of(exposed.path).place(), pointer_of(exposed.path),
                          std::move(exposed.message)});
    return errors;
}

}  // namespace fairlead::config
