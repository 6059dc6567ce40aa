#include "config/effective.hpp"
#include "config/load.hpp"
#include "config/places.hpp"
#include "config/schema.hpp"
#include "files/open_files.hpp"
#include "hash_password.hpp"
#include "healthcheck.hpp"
#include "http/type_policy.hpp"
#include "options.hpp"
#include "server/lifecycle.hpp"
#include "server/log_places.hpp"
#include "server/server.hpp"
#include "site/guarding.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <variant>

namespace {

using namespace fairlead;

// Exit codes: 0 normal or good, 1 bad command line, configuration or start; the server itself adds 2 and 3.
constexpr int failed_start = 1;

void print(std::FILE* where, const std::string& text) { std::fwrite(text.data(), 1, text.size(), where); }

void complain(const config::config_errors& errors) {
    for (const auto& error : errors) print(stderr, error.text() + "\n");
}

/// Loads the configuration, or says everything that is wrong with it.
std::optional<config::loaded> load_or_complain(const app::options& asked) {
    auto sources = asked.sources;
    sources.variables = config::process_environment();
    auto outcome = config::load(sources);
    if (const auto* errors = std::get_if<config::config_errors>(&outcome)) {
        complain(*errors);
        return std::nullopt;
    }
    return std::get<config::loaded>(std::move(outcome));
}

/// Whether all that the configuration names is there; what is not is said.
bool has_all_places(const config::loaded& configuration) {
    const auto errors = config::check_places(configuration);
    complain(errors);
    const auto faults = site::find_user_file_faults(configuration.values);
    for (const auto& fault : faults) print(stderr, "auth.users: " + fault + "\n");
    return errors.empty() && faults.empty();
}

// Of the open-file caches, with what the process itself needs.
constexpr rlim_t cache_descriptors = 2 * files::open_files_limits{}.descriptors + 128;

/// Every connection and every cached file is a descriptor: take what the system allows.
void raise_descriptor_limit(const config::limit_settings& limits, telemetry::log& log) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &files);
    // A connection may hold a file of its own, one that is not kept.
    if (files.rlim_max < 2 * rlim_t{limits.connections_hard} + cache_descriptors)
        log.warn(
            "the limit of open files is {}, less than twice limits.connections_hard ({}) and the open-file "
            "cache need: connections may have to wait (raise LimitNOFILE or ulimit -n)",
            files.rlim_max, limits.connections_hard);
}

int serve(const config::loaded& configuration) {
    const auto& settings = configuration.values;
    telemetry::log log(server::log_options(settings.log));
    telemetry::access_log access_log(server::access_log_options(settings.log));
    for (const auto& warning : configuration.warnings) log.warn("{}", warning);
    try {
        raise_descriptor_limit(settings.limits, log);
        server::server server(settings, log, access_log);
        server::lifecycle signals(server, log, access_log);
        return server.run();
    } catch (const std::exception& error) {
        log.error("cannot start: {}", error.what());
        return failed_start;
    }
}

void print_warnings(const config::loaded& configuration) {
    for (const auto& warning : configuration.warnings) print(stderr, "warning: " + warning + "\n");
}

int check_health(const app::options& asked) {
    auto target = asked.health;
    if (!target) {
        const auto configuration = load_or_complain(asked);
        if (!configuration) return failed_start;
        target = app::default_health_target(configuration->values);
    }
    if (!target) {
        print(stderr, "healthcheck: no fixed address is configured; say --url http://HOST:PORT/readyz\n");
        return failed_start;
    }
    return app::check_health(target->host, target->port, target->path);
}

int run(const app::options& asked) {
    using command = app::options::command;
    if (asked.what == command::healthcheck) return check_health(asked);
    if (asked.what == command::hash_password) return app::hash_password(asked.scheme, asked.user);
    if (asked.what == command::print_schema) {
        print(stdout, config::schema_text());
        return 0;
    }
    if (asked.what == command::print_types) {
        for (const auto& preset : http::type_presets())
            if (preset.name == asked.preset) print(stdout, http::preset_text(preset));
        return 0;
    }
    const auto configuration = load_or_complain(asked);
    if (!configuration) return failed_start;
    if (!has_all_places(*configuration)) return failed_start;
    if (asked.what == command::print_effective) {
        print_warnings(*configuration);
        print(stdout, config::effective_text(*configuration));
        return 0;
    }
    if (asked.what == command::serve) return serve(*configuration);
    print_warnings(*configuration);
    print(stderr, "the configuration is good\n");
    return 0;
}

/// Of 0, 1 and 2 none may be free: the next file that is opened would take its number, and what is written to
/// standard output would stand in it.
void occupy_standard_descriptors() {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number)
        if (::fcntl(number, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
}

/// Whoever started us may have left signals blocked, and the end of children ignored: then nobody could wait
/// for a script, and the number of one that has ended might be another's by the time it is killed.
void take_signals_back() {
    std::signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_descriptors();
    take_signals_back();
    try {
        const auto parsed = app::parse_options(argc, argv, FAIRLEAD_VERSION);
        if (const auto* early = std::get_if<app::early_exit>(&parsed)) {
            print(early->status == 0 ? stdout : stderr, early->text);
            return early->status;
        }
        return run(std::get<app::options>(parsed));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fairlead: %s\n", error.what());
        return failed_start;
    }
}
