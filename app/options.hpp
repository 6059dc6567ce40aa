#pragma once

#include "base/password_hash.hpp"
#include "config/load.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::app {

/// Where `fairlead healthcheck` asks.
struct health_target {
    std::string host;  ///< without brackets
    std::uint16_t port = 0;
    std::string path;
    bool operator==(const health_target&) const = default;
};

/// What the command line asks for.
struct options {
    enum class command {
        serve,
        test,             ///< load the configuration and say whether it is good
        print_effective,  ///< the same, and print it with the origin of each value
        print_schema,     ///< print the JSON Schema of the configuration file
        print_types,      ///< print a preset of file types
        healthcheck,      ///< ask a running server whether it is ready
        hash_password,    ///< print the hash of a password that is read
    };
    command what = command::serve;
    config::sources sources;  ///< file and flags; the caller adds the environment
    std::string preset;       ///< for print_types: "web" or "strict"
    std::optional<health_target>
        health;  ///< for healthcheck: where --url points; else ask default_health_target()
    hash_scheme scheme = hash_scheme::yescrypt;  ///< for hash_password
    std::string user;  ///< for hash_password: the name of the line that is printed; empty: only the hash
};

/// The command line has been answered: help or version (status 0, for standard output), or a mistake and its
/// remedy (status 1, for standard error). `text` ends with a line break.
struct early_exit {
    int status = 0;
    std::string text;
};

/// Reads the command line. Values of settings are taken as they are: config::load() checks them.
std::variant<options, early_exit> parse_options(int argc, const char* const* argv, std::string_view version);

/// Readiness of the first address that `settings` listens on; a wildcard is asked on its loopback address.
/// Nothing when the port is chosen by the kernel, or there is no address.
std::optional<health_target> default_health_target(const config::settings& settings);

/// Reads `http://HOST[:PORT][/PATH]`; the port is 80 and the path `/readyz` when they are not given.
std::optional<health_target> parse_health_url(std::string_view url);

}  // namespace fairlead::app
