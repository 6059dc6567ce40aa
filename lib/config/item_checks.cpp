#include "config/item_checks.hpp"

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "config/endpoint.hpp"
#include "http/cache_rules.hpp"
#include "http/connect_rules.hpp"
#include "http/content_coding.hpp"
#include "http/cors.hpp"
#include "http/field_value.hpp"
#include "http/method_set.hpp"
#include "http/rate.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace fairlead::config {
namespace {

bool is_ipv6(std::string_view text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_host_name(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty() || name.size() > 255) return false;
    const auto labels = split(name, '.');
    return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
        return !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), [](char c) {
            return is_alphanumeric(c) || c == '-' || c == '_';
        });
    });
}

}  // namespace

std::optional<std::string> check_host(std::string_view text) {
    constexpr auto advice =
        "write a name (\"www.example.org\"), \"*.example.org\", an address or \"*\", without scheme and path";
    if (text == "*" || is_ipv6(text)) return std::nullopt;
    auto name = text;
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        const auto port = parse_decimal(text.substr(colon + 1));
        if (!port || *port > 65'535) return advice;
        name = text.substr(0, colon);
    }
    if (name.starts_with('[') && name.ends_with(']') && is_ipv6(name.substr(1, name.size() - 2)))
        return std::nullopt;
    if (name.starts_with("*.")) name.remove_prefix(2);
    if (is_host_name(name)) return std::nullopt;
    return advice;
}

std::optional<std::string> check_extension(std::string_view text) {
    if (text.starts_with('.')) return "write the extension without the dot";
    const bool fits = text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
                          return is_alphanumeric(c) || c == '-' || c == '_' || c == '+';
                      });
    if (fits) return std::nullopt;
    return "an extension has at most 16 letters, digits, '-', '_' or '+' (only what follows the last dot "
           "counts)";
}

std::optional<std::string> check_index(std::string_view text) {
    if (text.empty() || text == "." || text == ".." || text.find('/') != std::string_view::npos)
        return "write a file name without '/'";
    return std::nullopt;
}

std::optional<std::string> check_congestion_control(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= 15 && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || c == '_' || c == '-';
    });
    if (fits) return std::nullopt;
    return "write \"auto\", \"system\" or an algorithm of "
           "/proc/sys/net/ipv4/tcp_available_congestion_control";
}

std::optional<std::string> check_try_path(std::string_view text) {
    const auto rest = text.starts_with("$path") ? text.substr(5) : text;
    const bool is_whole = rest.size() == text.size();
    if (is_whole && (!rest.starts_with('/') || rest.ends_with('/')))
        return "write the path of a file (\"/index.html\"), or \"$path\" and what is added to it "
               "(\"$path.html\")";
    if (!is_whole && (rest.empty() || rest.ends_with('/')))
        return "write what is added to $path (\"$path.html\"); $path itself and the index files were tried "
               "before";
    if (rest.find('$') != std::string_view::npos) return "$path may only stand at the front";
    const auto segments = split(rest, '/');
    if (std::any_of(segments.begin() + 1, segments.end(),
                    [](auto s) { return s.empty() || s == "." || s == ".."; }))
        return "no segment may be empty, \".\" or \"..\"";
    return std::nullopt;
}

std::optional<std::string> check_realm(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= 100 &&
                      std::all_of(text.begin(), text.end(),
                                  [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });
    if (fits) return std::nullopt;
    return "write 1 to 100 printable ASCII characters, without quotes and backslash";
}

std::optional<std::string> check_coding(std::string_view text) {
    if (http::coding_named(text)) return std::nullopt;
    return "write \"gzip\", \"br\" or \"zstd\"";
}

std::optional<std::string> check_type_pattern(std::string_view text) {
    if (http::is_type_pattern(text)) return std::nullopt;
    return "write a media type (\"application/json\"), or all of a kind (\"text/*\")";
}

std::optional<std::string> check_upload_type(std::string_view text) {
    if (text == "*/*" || http::is_type_pattern(text)) return std::nullopt;
    return "write a media type (\"application/pdf\"), all of a kind (\"image/*\"), or all (\"*/*\")";
}

std::optional<std::string> check_origin(std::string_view text) {
    return http::cors_policy::check_origin(text);
}

std::optional<std::string> check_field_name(std::string_view text) {
    if (http::is_token(text)) return std::nullopt;
    return "write a name of letters, digits and '-'";
}

std::optional<std::string> check_method(std::string_view text) {
    const std::string name(text);
    const auto parsed = http::method_set::parse({&name, 1});
    return parsed ? std::nullopt : std::optional(parsed.error());
}

std::optional<std::string> check_route(std::string_view text) {
    if (text == "/") return "the site itself is at \"/\": write its keys beside \"routes\"";
    auto path = text;
    if (path.ends_with('/')) path.remove_suffix(1);
    constexpr std::string_view well_known = "/.well-known/";
    if (path.starts_with(well_known)) path.remove_prefix(well_known.size() - 1);
    if (path == "/.well-known") return std::nullopt;
    if (path.empty()) return "it must begin with '/' and name something, as \"/docs\" does";
    return check_upload_path(path);
}

std::optional<std::string> check_site_names(std::string_view text) {
    for (const auto name : split(text, ','))
        if (auto wrong = check_host(trim(name))) return wrong;
    return std::nullopt;
}

std::optional<std::string> check_network(std::string_view text) {
    const auto network = ip_network::parse(text);
    return network ? std::nullopt : std::optional(network.error());
}

std::optional<std::string> check_rate(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto rate = http::parse_rate(text);
    return rate ? std::nullopt : std::optional(rate.error());
}

std::optional<std::string> check_upload_way(std::string_view text) {
    for (const std::string_view one : {"json", "raw", "form", "put", "delete"})
        if (text == one) return std::nullopt;
    return "write \"json\", \"raw\", \"form\", \"put\" or \"delete\"";
}

std::optional<std::string> check_upload_path(std::string_view text) {
    if (text.empty()) return std::nullopt;
    if (!text.starts_with('/') || text.size() < 2)
        return "it must begin with '/' and name something, as \"/upload\" does";
    // RFC 3986 section 3.3: pchar without percent escapes, so that it is equal to the decoded path of a
    // request.
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
    });
    if (!plain) return "use letters, digits and -._~!$&'()*+,;=:@/ only (no escapes, query or fragment)";
    const auto segments = split(text.substr(1), '/');
    if (std::any_of(segments.begin(), segments.end(), [](auto s) { return s.empty() || s.starts_with('.'); }))
        return "no segment may be empty or begin with '.', and the path must not end in '/'";
    constexpr std::array<std::string_view, 3> taken{"/livez", "/readyz", "/healthz"};
    if (std::find(taken.begin(), taken.end(), text) != taken.end())
        return "this path belongs to the health checks";
    return std::nullopt;
}

std::optional<std::string> check_fastcgi_server(std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    constexpr std::size_t longest_path = 107;  // unix(7)
    if (text.starts_with(unix_prefix)) {
        const auto path = text.substr(unix_prefix.size());
        if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != std::string_view::npos)
            return "write the absolute path of the socket behind \"unix:\" (\"unix:/run/php/php-fpm.sock\")";
        if (path.size() > longest_path)
            return "the path of a unix socket has at most " + std::to_string(longest_path) + " bytes";
        return std::nullopt;
    }
    if (text.starts_with('/')) return "write \"unix:\" in front of the path of a socket";
    const auto parsed = parse_endpoint(text);
    if (const auto* wrong = std::get_if<endpoint_error>(&parsed)) return wrong->message;
    const auto& where = std::get<endpoint>(parsed);
    if (where.host.empty() || where.host == "*") return "name the host, for example \"127.0.0.1:9000\"";
    if (where.port == 0) return "the port must be a number from 1 to 65535";
    return std::nullopt;
}

std::optional<std::string> check_script_extension(std::string_view text) {
    if (text.empty()) return "a script has an extension, for example \"php\"";
    return check_extension(text);
}

std::optional<std::string> check_program_path(std::string_view text) {
    if (text.empty()) return std::nullopt;
    if (!text.starts_with('/')) return "write an absolute path, as the application sees it";
    if (text.find('\0') != std::string_view::npos) return "it has a control character";
    const auto segments = split(text.substr(1), '/');
    if (std::any_of(segments.begin(), segments.end(),
                    [](auto s) { return s.empty() || s == "." || s == ".."; }))
        return "no segment may be empty, \".\" or \"..\", and there is no slash at the end";
    return std::nullopt;
}

std::optional<std::string> check_destination(std::string_view text) {
    return http::connect_rules().add(text);
}

}  // namespace fairlead::config
