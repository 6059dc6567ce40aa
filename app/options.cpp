#include "options.hpp"

#include "base/text.hpp"
#include "config/endpoint.hpp"
#include "config/json_source.hpp"
#include "config/suggest.hpp"
#include "http/user_groups.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace fairlead::app {
namespace {

/// The texts of the command line, before they are put together.
struct arguments {
    std::string config, root, port, threads, log_level, log_format, preset, url, scheme;
    std::optional<std::string> user;
    std::vector<std::string> listen;
    std::string short_port, short_host, short_threads;
    bool test = false, print_effective = false, print_schema = false;
};

void declare(CLI::App& line, arguments& given) {
    line.add_option("-c,--config", given.config, "Read this configuration file")->type_name("FILE");
    line.add_flag("-t,--test", given.test, "Check the configuration; exit 0 when it is good, else 1");
    line.add_flag("-T", given.print_effective, "As -t, and print it with the origin of each value");
    line.add_option("--root", given.root, "Publish this directory")->type_name("DIR");
    // Without this, a repeatable option would swallow the positional arguments behind it.
    line.add_option("--listen", given.listen, "Listen here; may be repeated ([::1]:8080, *:8080)")
        ->type_name("ADDR:PORT")
        ->allow_extra_args(false);
    line.add_option("-p,--port", given.port, "Listen on this port of the configured addresses")
        ->type_name("N");
    line.add_option("--threads", given.threads, "I/O threads; 0 is one per processor")->type_name("N");
    line.add_option("--log-level", given.log_level, "debug, info, warn or error")->type_name("LEVEL");
    line.add_option("--log-format", given.log_format, "text or json")->type_name("FORM");
    line.add_flag("--print-schema", given.print_schema, "Print the JSON Schema of the configuration file");
    line.add_option("--print-types", given.preset, "Print a preset of \"types\": web or strict")
        ->type_name("PRESET");
    line.add_option("PORT", given.short_port, "As --port")->type_name("");
    line.add_option("HOST", given.short_host, "Listen on this address instead of the configured ones")
        ->type_name("");
    line.add_option("THREADS", given.short_threads, "As --threads")->type_name("");

    auto* health =
        line.add_subcommand("healthcheck", "Ask a running server whether it is ready; exit 0 or 1");
    health->add_option("--url", given.url, "Ask here instead of at the configured address")->type_name("URL");
    health->fallthrough();

    auto* hash =
        line.add_subcommand("hash-password",
                            "Print the hash of a password for auth.users; it is read from the terminal, "
                            "or as one line of standard input");
    hash->add_option("--scheme", given.scheme, "yescrypt (the default), bcrypt or sha512")
        ->type_name("SCHEME");
    hash->add_option("--user", given.user, "Print a whole line for this user")->type_name("NAME");
    hash->fallthrough();
}

early_exit mistake(const std::string& message) {
    return {1, "fairlead: " + message + "\nRun \"fairlead --help\" for what is allowed.\n"};
}

/// "did you mean --port?" for an unknown option, as far as one is near.
std::string suggestion(const CLI::App& line, const std::string& message) {
    std::vector<std::string> names;
    for (const auto* option : line.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto begin = message.find("--");
    if (begin == std::string::npos) return {};
    const auto word = std::string_view(message).substr(begin, message.find_first_of(" =:", begin) - begin);
    const auto nearest = config::suggest(word, candidates);
    // A known word is no slip: what it lacks, or has too much of, was said.
    return nearest.empty() || nearest == word ? std::string()
                                              : "; did you mean " + std::string(nearest) + "?";
}

/// What is wrong with the short form, or nothing.
std::optional<early_exit> check_short_form(const arguments& given) {
    if (!given.short_port.empty() && !parse_decimal(given.short_port)) {
        constexpr std::array<std::string_view, 2> commands{"healthcheck", "hash-password"};
        const auto near_command = std::string(config::suggest(given.short_port, commands));
        return mistake(config::quote(given.short_port) + " is no port" +
                       (near_command.empty()
                            ? "; a configuration file is given with --config FILE, a folder with --root DIR"
                            : "; did you mean " + near_command + "?"));
    }
    if (!given.short_port.empty() && !given.port.empty())
        return mistake("the port is given twice (PORT and --port); remove one");
    if (!given.short_threads.empty() && !given.threads.empty())
        return mistake("the threads are given twice (THREADS and --threads); remove one");
    if (!given.listen.empty() && !(given.short_port.empty() && given.port.empty()))
        return mistake("--listen has the port already; remove " +
                       std::string(given.port.empty() ? "PORT" : "--port") + ", or --listen");
    return std::nullopt;
}

std::vector<config::flag_value> collect_flags(const arguments& given) {
    std::vector<config::flag_value> flags;
    const auto add = [&](const char* path, const char* flag, const std::string& text) {
        if (!text.empty()) flags.push_back({path, flag, text});
    };
    std::string addresses;
    for (const auto& address : given.listen) addresses += (addresses.empty() ? "" : ",") + address;
    add("listen", "--listen", addresses);
    add("port", "--port", given.port);
    if (given.short_host.empty()) {
        add("port", "PORT", given.short_port);
    } else {
        const bool bare_ipv6 =
            given.short_host.find(':') != std::string::npos && !given.short_host.starts_with('[');
        const auto host = bare_ipv6 ? "[" + given.short_host + "]" : given.short_host;
        add("listen", "HOST", host + ":" + given.short_port);
    }
    add("threads", "--threads", given.threads);
    add("threads", "THREADS", given.short_threads);
    add("root", "--root", given.root);
    add("log.level", "--log-level", given.log_level);
    add("log.format", "--log-format", given.log_format);
    return flags;
}

/// What is wrong with the values of options, or nothing.
std::optional<early_exit> check_values(const CLI::App& line) {
    for (const auto* option : line.get_options()) {
        if (option->get_expected_max() == 0) continue;  // a flag
        for (const auto& value : option->results()) {
            if (value.empty())
                return mistake(option->get_name() + " has an empty value; give one or leave the option out");
            // An option that takes a value takes the one behind it, too.
            if (value.starts_with('-') && line.get_option_no_throw(value))
                return mistake(option->get_name() + " has no value: " + value + " behind it is an option");
        }
    }
    return std::nullopt;
}

std::variant<options, early_exit> understand(const CLI::App& line, const arguments& given) {
    if (const auto wrong = check_values(line)) return *wrong;
    if (const auto wrong = check_short_form(given)) return *wrong;

    options result;
    if (!given.config.empty()) result.sources.file = given.config;
    result.sources.flags = collect_flags(given);
    result.preset = given.preset;
    using command = options::command;
    if (line.got_subcommand("healthcheck"))
        result.what = command::healthcheck;
    else if (line.got_subcommand("hash-password"))
        result.what = command::hash_password;
    else if (given.print_schema)
        result.what = command::print_schema;
    else if (!given.preset.empty())
        result.what = command::print_types;
    else if (given.print_effective)
        result.what = command::print_effective;
    else if (given.test)
        result.what = command::test;

    if (result.what == command::print_types && given.preset != "web" && given.preset != "strict")
        return mistake("--print-types takes web or strict, not " + config::quote(given.preset));
    if (!given.scheme.empty()) {
        const auto scheme = hash_scheme_named(given.scheme);
        if (!scheme)
            return mistake("--scheme takes yescrypt, bcrypt or sha512, not " + config::quote(given.scheme));
        result.scheme = *scheme;
    }
    if (given.user && !http::is_user_name(*given.user))
        return mistake(
            "--user takes one word of at most 255 bytes without ',', ':' and quotes, as rules name users");
    result.user = given.user.value_or("");
    if (!given.url.empty()) {
        result.health = parse_health_url(given.url);
        if (!result.health)
            return mistake("--url takes http://HOST[:PORT][/PATH], for example http://127.0.0.1:8080/readyz");
    }
    return result;
}

}  // namespace

std::variant<options, early_exit> parse_options(int argc, const char* const* argv, std::string_view version) {
    CLI::App line(
        "Serves a folder and takes uploads over HTTP.\n"
        "Every setting of the configuration file has a variable too: FAIRLEAD_LIMITS_CONNECTIONS=64.\n"
        "A flag wins over the environment, the environment over the file, the file over the default.",
        "fairlead");
    arguments given;
    line.set_help_flag("-h,--help", "Print this and exit");
    line.set_version_flag("-V,--version", "fairlead " + std::string(version), "Print the version and exit");
    declare(line, given);
    try {
        line.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return early_exit{0, line.help()};
    } catch (const CLI::CallForVersion& asked) {
        return early_exit{0, asked.what() + std::string("\n")};
    } catch (const CLI::ParseError& failed) {
        return mistake(failed.what() + suggestion(line, failed.what()));
    }
    return understand(line, given);
}

std::optional<health_target> default_health_target(const config::settings& settings) {
    if (settings.listen.empty() || settings.listen.front().port == 0) return std::nullopt;
    const auto& [host, port] = settings.listen.front();
    if (host.empty() || host == "*" || host == "0.0.0.0") return health_target{"127.0.0.1", port, "/readyz"};
    return health_target{host == "::" ? "::1" : host, port, "/readyz"};
}

std::optional<health_target> parse_health_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) return std::nullopt;
    url.remove_prefix(scheme.size());
    const auto slash = std::min(url.find('/'), url.size());
    auto authority = std::string(url.substr(0, slash));
    const auto path = std::string(url.substr(slash));
    const bool has_port = authority.rfind(':') != std::string::npos && !authority.ends_with(']');
    if (!has_port) authority += ":80";
    auto parsed = config::parse_endpoint(authority);
    const auto* where = std::get_if<config::endpoint>(&parsed);
    const bool plain = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (!where || where->host == "*" || where->port == 0 || !plain) return std::nullopt;
    return health_target{where->host, where->port, path.empty() ? "/readyz" : path};
}

}  // namespace fairlead::app
