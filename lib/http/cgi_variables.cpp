#include "http/cgi_variables.hpp"

#include "base/text.hpp"
#include "http/target.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

// Room for the variables of most requests.
constexpr std::size_t first_bytes = 2048;
constexpr std::size_t first_variables = 40;

constexpr std::string_view http_prefix = "HTTP_";

constexpr std::array<std::string_view, 24> own_names{
    "AUTH_TYPE",   "CONTENT_LENGTH",  "CONTENT_TYPE",    "DOCUMENT_ROOT",   "GATEWAY_INTERFACE",
    "PATH_INFO",   "PATH_TRANSLATED", "QUERY_STRING",    "REDIRECT_STATUS", "REMOTE_ADDR",
    "REMOTE_HOST", "REMOTE_IDENT",    "REMOTE_PORT",     "REMOTE_USER",     "REQUEST_METHOD",
    "REQUEST_URI", "SCRIPT_FILENAME", "SCRIPT_NAME",     "SERVER_ADDR",     "SERVER_NAME",
    "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "UNIQUE_ID",
};

/// Letters, digits and '-': then no two names become one variable.
bool has_plain_name(std::string_view name) noexcept {
    return std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_for_program(const field_view& line, bool passes_authorization) noexcept {
    switch (line.id) {
        case field::authorization: return passes_authorization;
        case field::connection:
        case field::content_length:
        case field::content_type:
        case field::expect:
        case field::host:
        case field::keep_alive:
        case field::proxy_authorization:
        case field::proxy_connection:
        case field::te:
        case field::trailer:
        case field::transfer_encoding:
        case field::upgrade: return false;
        default: return !iequals(line.name, "Proxy") && has_plain_name(line.name);
    }
}

bool have_one_name(const field_view& a, const field_view& b) noexcept {
    return a.id == b.id && (a.id != field::unknown || iequals(a.name, b.name));
}

void name_of(const field_view& line, std::string& name) {
    name.assign(http_prefix);
    name.resize(http_prefix.size() + line.name.size());
    std::transform(line.name.begin(), line.name.end(), name.begin() + http_prefix.size(),
                   [](char c) { return c == '-' ? '_' : to_upper(c); });
}

void add_fields(variable_sink& variables, const field_table& fields, bool passes_authorization) {
    std::string name;
    std::string joined;
    for (auto line = fields.begin(); line != fields.end(); ++line) {
        if (!is_for_program(*line, passes_authorization)) continue;
        const auto is_same = [&line](const field_view& other) { return have_one_name(*line, other); };
        if (std::any_of(fields.begin(), line, is_same)) continue;
        name_of(*line, name);
        auto next = std::find_if(line + 1, fields.end(), is_same);
        if (next == fields.end()) {
            variables.add(name, line->value);
            continue;
        }
        joined = line->value;
        for (; next != fields.end(); next = std::find_if(next + 1, fields.end(), is_same))
            joined.append(line->id == field::cookie ? "; " : ", ").append(next->value);
        variables.add(name, joined);
    }
}

/// Path and query of a target that is a whole URI, as they were received.
std::string request_uri(const request& request) {
    const auto parts = parse_target(request.target, request.method);
    if (!parts) return {};
    std::string uri(parts->path);
    if (parts->has_query) uri.append("?").append(parts->query);
    return uri;
}

void add_number(variable_sink& variables, std::string_view name, std::uint64_t number) {
    std::array<char, 20> text;
    const auto* end = put(text.data(), number);
    variables.add(name, {text.data(), static_cast<std::size_t>(end - text.data())});
}

}  // namespace

bool variable_list::add(std::string_view name, std::string_view value) {
    if (!is_variable_value(value)) return false;
    if (entries_.empty()) {
        text_.reserve(first_bytes);
        entries_.reserve(first_variables);
    }
    entries_.push_back({text_.size(), name.size(), value.size()});
    text_.append(name).append(1, '=').append(value).append(1, '\0');
    return true;
}

variable_list::variable variable_list::operator[](std::size_t index) const noexcept {
    const auto& [at, name_size, value_size] = entries_[index];
    const std::string_view text = text_;
    return {text.substr(at, name_size), text.substr(at + name_size + 1, value_size)};
}

std::optional<std::string_view> variable_list::find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < entries_.size(); ++i)
        if (const auto one = (*this)[i]; one.name == name) return one.value;
    return std::nullopt;
}

std::vector<char*> variable_list::environment() {
    std::vector<char*> pointers;
    pointers.reserve(entries_.size() + 1);
    for (const auto& one : entries_) pointers.push_back(text_.data() + one.at);
    pointers.push_back(nullptr);
    return pointers;
}

void add_common_variables(variable_sink& variables, std::string_view document_root) {
    variables.add("GATEWAY_INTERFACE", "CGI/1.1");
    // Without a version: programs print it on their pages.
    variables.add("SERVER_SOFTWARE", "Fairlead");
    variables.add("DOCUMENT_ROOT", document_root);
    variables.add("REDIRECT_STATUS", "200");
}

void add_meta_variables(variable_sink& variables, const request& request, const script_facts& facts) {
    variables.add("SERVER_PROTOCOL", request.version_minor > 0 ? "HTTP/1.1" : "HTTP/1.0");
    variables.add("SERVER_NAME", request.host_name.empty() ? facts.server_address : request.host_name);
    add_number(variables, "SERVER_PORT", facts.server_port);
    if (!facts.server_address.empty()) variables.add("SERVER_ADDR", facts.server_address);
    variables.add("REMOTE_ADDR", request.client.address);
    variables.add("REMOTE_HOST", request.client.address);
    add_number(variables, "REMOTE_PORT", request.client.port);
    if (!request.user.empty()) {
        variables.add("AUTH_TYPE", "Basic");
        variables.add("REMOTE_USER", request.user);
    }
    variables.add("REQUEST_METHOD", request.method_text);
    if (request.target.starts_with('/'))
        variables.add("REQUEST_URI", request.target);
    else
        variables.add("REQUEST_URI", request_uri(request));
    variables.add("QUERY_STRING", request.query);
    variables.add("SCRIPT_NAME", facts.script_name);
    variables.add("SCRIPT_FILENAME", facts.script_filename);
    if (!facts.path_info.empty()) {
        variables.add("PATH_INFO", facts.path_info);
        variables.add("PATH_TRANSLATED", std::string(facts.document_root).append(facts.path_info));
    }
    if (facts.content_length) add_number(variables, "CONTENT_LENGTH", *facts.content_length);
    if (const auto type = request.fields[field::content_type]; request.body && !type.empty())
        variables.add("CONTENT_TYPE", type);
    variables.add("UNIQUE_ID", request.id);
    if (!request.authority.empty()) variables.add("HTTP_HOST", request.authority);
    add_fields(variables, request.fields, facts.passes_authorization);
}

bool is_meta_variable(std::string_view name) noexcept {
    return name.starts_with(http_prefix) ||
           std::find(own_names.begin(), own_names.end(), name) != own_names.end();
}

}  // namespace fairlead::http
