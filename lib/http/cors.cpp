#include "http/cors.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"
#include "http/host.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t max_list_bytes = 2048;
/// Firefox keeps a preflight no longer, Chromium not even so long.
constexpr std::chrono::seconds longest_max_age = std::chrono::hours(24);

/// A list of the configuration with its name there.
struct named_list {
    std::string_view name;
    const std::vector<std::string>& values;
};

bool has_star(const std::vector<std::string>& values) noexcept {
    return std::find(values.begin(), values.end(), "*") != values.end();
}

std::string in_quotes(std::string_view text) { return std::string("\"").append(text).append("\""); }

/// RFC 3986 section 3.1; `text` is in lower case.
bool is_scheme(std::string_view text) noexcept {
    constexpr auto letters = "abcdefghijklmnopqrstuvwxyz"sv;
    return !text.empty() && letters.find(text.front()) != std::string_view::npos &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string_view::npos;
}

bool is_default_port(std::string_view scheme, unsigned port) noexcept {
    return (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
}

/// An origin as browsers send it: lower case, without a default port (HTML standard, "serialization of an
/// origin"). Of a pattern the open labels stand between `head` and `tail`.
struct plain_origin {
    std::string head;  ///< "https://"
    std::string tail;  ///< host and port; of a pattern from the '.' on
    bool is_pattern = false;
};

/// The origin, or what to write in its place.
boost::system::result<plain_origin, std::string_view> read_origin(std::string_view text) {
    const auto scheme_end = text.find("://");
    const auto scheme = to_lower(text.substr(0, scheme_end));
    if (scheme_end == std::string_view::npos || !is_scheme(scheme))
        return "write it with its scheme, as in \"https://app.example.org\""sv;
    auto authority = text.substr(scheme_end + 3);
    if (authority.find_first_of("/\\?#") != std::string_view::npos)
        return "write scheme, host and perhaps a port, and nothing behind them, not even a '/'"sv;
    plain_origin read;
    read.is_pattern = authority.starts_with("*.");
    if (read.is_pattern) authority.remove_prefix(2);
    if (authority.find('*') != std::string_view::npos)
        return "\"*\" can only stand for the first labels of a host, as in \"https://*.example.org\""sv;
    const auto host = parse_host(authority);
    if (!host || (read.is_pattern && host->is_ip_literal))
        return "write a host of letters, digits and '-' behind \"://\" (xn--... for others), as in "
               "\"https://app.example.org:8443\""sv;
    const auto bare = host->name.substr(0, host->name.size() - host->name.ends_with('.'));
    if (read.is_pattern && bare.find('.') == std::string_view::npos)
        return "this would allow nearly everybody: name at least two labels behind \"*.\", as in "
               "\"https://*.example.org\""sv;
    read.head = scheme + "://";
    read.tail = (read.is_pattern ? "." : "") + to_lower(host->name);
    if (host->port && !is_default_port(scheme, *host->port)) read.tail += ":" + std::to_string(*host->port);
    return read;
}

/// What is wrong with a list of names, or nothing.
std::optional<std::string> check_names(const named_list& list, bool credentials) {
    std::size_t bytes = 0;
    for (const auto& name : list.values) {
        if (!is_token(name))
            return in_quotes(list.name) + " has an entry that is no name: use letters, digits and '-'";
        if (name != "*" && name.find('*') != std::string::npos)
            return in_quotes(name) + " in " + in_quotes(list.name) +
                   " is no pattern: write whole names, or \"*\" alone for all";
        bytes += name.size() + ", "sv.size();
    }
    if (credentials && has_star(list.values))
        return "\"*\" in " + in_quotes(list.name) +
               " means nothing to browsers with \"credentials\": list the names";
    if (bytes > max_list_bytes)
        return in_quotes(list.name) + " has more than " + std::to_string(max_list_bytes) +
               " bytes: list fewer names";
    return std::nullopt;
}

std::optional<std::string> check_methods(const std::vector<std::string>& methods) {
    constexpr std::array<std::string_view, 3> never_sent{"CONNECT", "TRACE", "TRACK"};
    if (methods.empty()) return "\"methods\" is empty: list at least one, as in [\"GET\", \"HEAD\"]";
    for (const auto& method : methods) {
        if (std::find(never_sent.begin(), never_sent.end(), method) != never_sent.end())
            return in_quotes(method) + " in \"methods\" is sent by no browser: remove it";
        if (std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
            return in_quotes(method) +
                   " in \"methods\" is in lower case, which counts: write it in upper case";
    }
    return std::nullopt;
}

std::optional<cors_policy::fault> check(const cors_options& options) {
    using fault = cors_policy::fault;
    const named_list lists[] = {
        {"methods", options.methods}, {"headers", options.headers}, {"expose", options.expose}};
    for (const auto& list : lists)
        if (auto wrong = check_names(list, options.credentials)) return fault{list.name, std::move(*wrong)};
    if (auto wrong = check_methods(options.methods)) return fault{"methods", std::move(*wrong)};
    if (options.max_age < std::chrono::seconds(0) || options.max_age > longest_max_age)
        return fault{"max_age", "\"max_age\" must be between 0 and 24 hours: browsers remember no longer"};
    return std::nullopt;
}

void add_list(field_block& fields, std::string_view name, const std::vector<std::string>& values) {
    std::string text;
    for (const auto& value : values) text.append(text.empty() ? "" : ", ").append(value);
    if (!text.empty()) fields.add(name, text);
}

}  // namespace

bool cors_policy::pattern::matches(std::string_view origin) const noexcept {
    if (origin.size() <= head.size() + tail.size() || !origin.starts_with(head) || !origin.ends_with(tail))
        return false;
    const auto labels = origin.substr(head.size(), origin.size() - head.size() - tail.size());
    // Only the labels of one host: no '/', '@' or ':' in front of the tail, no empty label, no upper case.
    const auto host = parse_host(labels);
    return host && host->name == labels && !host->is_ip_literal && !labels.ends_with('.') &&
           std::none_of(labels.begin(), labels.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::optional<std::string> cors_policy::check_origin(std::string_view text) {
    return cors_policy().add_origin(text);
}

std::optional<std::string> cors_policy::add_origin(std::string_view text) {
    if (text == "*") {
        everybody_ = true;
        return std::nullopt;
    }
    if (text == "null") {
        origins_.emplace_back(text);
        return std::nullopt;
    }
    auto read = read_origin(text);
    if (!read) return std::string(read.error());
    if (read->is_pattern)
        patterns_.push_back({std::move(read->head), std::move(read->tail)});
    else
        origins_.push_back(read->head + read->tail);
    return std::nullopt;
}

std::optional<std::string> cors_policy::set_origins(const cors_options& options) {
    if (options.origins.empty())
        return "\"origins\" is empty: list those whose scripts may read answers, as in "
               "[\"https://app.example.org\"]";
    for (const auto& origin : options.origins)
        if (auto wrong = add_origin(origin)) return "origin " + in_quotes(origin) + ": " + *wrong;
    std::sort(origins_.begin(), origins_.end());
    if (everybody_ && options.credentials)
        return "\"*\" in \"origins\" cannot go with \"credentials\": list the origins that are trusted";
    if (everybody_ && options.origins.size() > 1)
        return "\"*\" in \"origins\" allows everybody: remove it, or all the others";
    if (options.credentials && allows("null"))
        return "\"null\" in \"origins\" cannot go with \"credentials\", since any site can make a frame "
               "whose "
               "origin is null: list the origins that are trusted";
    return std::nullopt;
}

std::optional<cors_policy::fault> cors_policy::find_fault(const cors_options& options) {
    return cors_policy().take(options);
}

/// What is wrong; else the origins are those of the options.
std::optional<cors_policy::fault> cors_policy::take(const cors_options& options) {
    if (auto wrong = check(options)) return wrong;
    if (auto wrong = set_origins(options)) return fault{"origins", std::move(*wrong)};
    return std::nullopt;
}

boost::system::result<cors_policy, std::string> cors_policy::parse(const cors_options& options) {
    cors_policy policy;
    if (auto wrong = policy.take(options)) return std::move(wrong->message);
    policy.methods_ = options.methods;
    policy.every_method_ = has_star(options.methods);
    field_block preflight;
    field_block answer;
    add_list(preflight, "Access-Control-Allow-Methods", options.methods);
    add_list(preflight, "Access-Control-Allow-Headers", options.headers);
    preflight.add("Access-Control-Max-Age", std::to_string(options.max_age.count()));
    add_list(answer, "Access-Control-Expose-Headers", options.expose);
    for (auto* block : {&preflight, &answer})
        if (options.credentials) block->add("Access-Control-Allow-Credentials", "true");
    policy.preflight_lines_ = preflight.text();
    policy.answer_lines_ = answer.text();
    return policy;
}

bool cors_policy::allows(std::string_view origin) const noexcept {
    return everybody_ || std::binary_search(origins_.begin(), origins_.end(), origin, std::less<>()) ||
           std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const pattern& one) { return one.matches(origin); });
}

bool cors_policy::is_preflight(const request& request) noexcept {
    return request.method == verb::options && request.fields.find(field::origin) &&
           request.fields.find(field::access_control_request_method);
}

/// What Access-Control-Allow-Origin says to this request, or an empty view for no such field.
std::string_view cors_policy::granted_origin(const request& request) const noexcept {
    if (everybody_) return "*";
    if (request.fields.count(field::origin) != 1) return {};
    const auto origin = request.fields[field::origin];
    return allows(origin) ? origin : std::string_view{};
}

bool cors_policy::grants_method(const request& request) const noexcept {
    if (request.fields.count(field::access_control_request_method) != 1) return false;
    const auto method = request.fields[field::access_control_request_method];
    return every_method_ ? is_token(method)
                         : std::find(methods_.begin(), methods_.end(), method) != methods_.end();
}

response cors_policy::preflight(const request& request) const {
    response answer;
    answer.status = status::no_content;
    // Answers to OPTIONS are not for caches (RFC 9110 section 9.3.7); one that keeps them all the same must
    // not mix up questions.
    const std::string asked = "Access-Control-Request-Method, Access-Control-Request-Headers";
    answer.fields.add("Vary", everybody_ ? asked : "Origin, " + asked);
    const auto origin = granted_origin(request);
    if (origin.empty() || !grants_method(request)) return answer;
    answer.fields.add("Access-Control-Allow-Origin", origin);
    answer.fields.add_prebuilt(preflight_lines_);
    return answer;
}

void cors_policy::add_fields(const request& request, field_block& fields) const {
    if (!everybody_) fields.add_prebuilt("Vary: Origin\r\n");
    const auto origin = granted_origin(request);
    if (origin.empty()) return;
    fields.add("Access-Control-Allow-Origin", origin);
    fields.add_prebuilt(answer_lines_);
}

}  // namespace fairlead::http
