#include "http/field_rules.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

constexpr std::string_view content_security_policy = "Content-Security-Policy";

/// A field that the configuration cannot have, and what to do about it.
struct reserved_field {
    std::string_view name;
    std::string_view advice;
};

constexpr std::string_view own_decision = "the server decides it for each answer: leave it out";

constexpr std::array reserved_fields{
    reserved_field{"Allow", own_decision},
    reserved_field{"Cache-Control", "use \"cache_control\""},
    reserved_field{"Connection", own_decision},
    reserved_field{"Content-Encoding", own_decision},
    reserved_field{"Content-Length", own_decision},
    reserved_field{"Content-Range", own_decision},
    reserved_field{"Content-Type", own_decision},
    reserved_field{"Date", own_decision},
    // One validator for all files would make caches keep the wrong one.
    reserved_field{"ETag", own_decision},
    reserved_field{"Fairlead-Durability", own_decision},
    reserved_field{"Keep-Alive", own_decision},
    reserved_field{"Last-Modified", own_decision},
    reserved_field{"Location", own_decision},
    reserved_field{"Proxy-Authenticate", own_decision},
    reserved_field{"Proxy-Connection", own_decision},
    reserved_field{"Retry-After", own_decision},
    // RFC 6797 section 7.2: not over plain HTTP, where browsers ignore it and an attacker could change it.
    reserved_field{
        "Strict-Transport-Security",
        "it belongs to TLS and this server speaks plain HTTP: let the proxy that ends TLS send it"},
    reserved_field{"TE", own_decision},
    reserved_field{"Trailer", own_decision},
    reserved_field{"Transfer-Encoding", own_decision},
    reserved_field{"Upgrade", own_decision},
    reserved_field{"Vary", own_decision},
    reserved_field{"WWW-Authenticate", own_decision},
    reserved_field{"X-Request-Id", own_decision},
};

/// Why a name cannot be had, or an empty view.
std::string_view reason_against(std::string_view name) noexcept {
    constexpr std::string_view cors_prefix = "Access-Control-";
    if (iequals(name.substr(0, cors_prefix.size()), cors_prefix)) return "use \"cors\"";
    const auto* found = std::find_if(reserved_fields.begin(), reserved_fields.end(),
                                     [&](const reserved_field& one) { return iequals(one.name, name); });
    return found == reserved_fields.end() ? std::string_view{} : found->advice;
}

/// The first line of `text` with its CRLF, or the rest when it has none.
std::string_view first_line(std::string_view text) noexcept {
    const auto end = text.find("\r\n");
    return end == std::string_view::npos ? text : text.substr(0, end + 2);
}

std::string_view name_of(std::string_view line) noexcept { return line.substr(0, line.find(':')); }

}  // namespace

const std::vector<named_value>& default_security_fields() {
    static const std::vector<named_value> rules{
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "strict-origin-when-cross-origin"},
        {std::string(content_security_policy), "frame-ancestors 'self'"},
        {"Permissions-Policy",
         "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), "
         "serial=(), usb=()"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    return rules;
}

std::vector<named_value> merge(std::vector<named_value> parent, const std::vector<named_value>& child) {
    for (const auto& rule : child) {
        const auto same = std::find_if(parent.begin(), parent.end(),
                                       [&](const named_value& one) { return iequals(one.name, rule.name); });
        if (same == parent.end())
            parent.push_back(rule);
        else
            *same = rule;
    }
    return parent;
}

std::optional<std::string> field_rules::check(const named_value& rule) {
    // Names are shown only after this, so that no message has bytes that a terminal would obey.
    if (!is_token(rule.name))
        return "a field name has only letters, digits and !#$%&'*+-.^_`|~: correct the one of " +
               std::to_string(rule.name.size()) + " bytes that has others or is empty";
    const auto quoted = "\"" + rule.name + "\"";
    if (const auto advice = reason_against(rule.name); !advice.empty())
        return quoted + " cannot be set or removed here: " + std::string(advice);
    if (!rule.value) return std::nullopt;
    if (!is_field_content(*rule.value))
        return "the value of " + quoted + " has control characters (CR, LF, NUL or others): remove them";
    if (trim(*rule.value).empty())
        return "the value of " + quoted + " is empty: write one, or null to remove the field";
    return std::nullopt;
}

boost::system::result<field_rules, std::string> field_rules::parse(const std::vector<named_value>& rules) {
    field_rules parsed;
    std::vector<std::string_view> names;
    std::size_t total_bytes = 0;
    for (const auto& rule : rules) {
        if (auto wrong = check(rule)) return std::move(*wrong);
        const auto is_same = [&](std::string_view name) { return iequals(name, rule.name); };
        if (std::any_of(names.begin(), names.end(), is_same))
            return "\"" + rule.name + "\" is named twice: keep one of them";
        names.push_back(rule.name);
        const auto value = trim(rule.value ? std::string_view(*rule.value) : std::string_view{});
        // After each rule, so that the search for names above has few of them.
        total_bytes += rule.name.size() + value.size() + std::string_view(": \r\n").size();
        if (total_bytes > max_field_rule_bytes)
            return "the fields have more than " + std::to_string(max_field_rule_bytes) +
                   " bytes together: make them shorter";
        if (rule.value) parsed.set_.add(rule.name, value);
        if (!iequals(rule.name, content_security_policy)) parsed.overridden_.push_back(rule.name);
    }
    return parsed;
}

bool field_rules::overrides(std::string_view name) const noexcept {
    return std::any_of(overridden_.begin(), overridden_.end(),
                       [&](const std::string& own) { return iequals(own, name); });
}

void field_rules::apply(field_block& fields) const {
    for (auto rest = fields.text(); !rest.empty(); rest.remove_prefix(first_line(rest).size())) {
        if (!overrides(name_of(rest))) continue;
        field_block kept;
        kept.add_prebuilt(filter(fields.text()));
        fields = std::move(kept);
        return;
    }
}

std::string field_rules::filter(std::string_view lines) const {
    std::string kept;
    kept.reserve(lines.size());
    while (!lines.empty()) {
        const auto line = first_line(lines);
        if (!overrides(name_of(line))) kept.append(line);
        lines.remove_prefix(line.size());
    }
    return kept;
}

}  // namespace fairlead::http
