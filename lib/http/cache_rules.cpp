#include "http/cache_rules.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

namespace fairlead::http {
namespace {

std::string_view without_parameters(std::string_view content_type) noexcept {
    return trim(content_type.substr(0, content_type.find(';')));
}

/// `pattern` is a media type, or ends in "/*".
bool is_of_type(std::string_view type, std::string_view pattern) noexcept {
    if (pattern == "*/*") return true;
    if (!pattern.ends_with("/*")) return iequals(type, pattern);
    pattern.remove_suffix(1);
    return type.size() > pattern.size() && iequals(type.substr(0, pattern.size()), pattern);
}

/// The name of a directive, and what stands behind '=' (perhaps quoted), or nothing when it is none.
struct directive {
    std::string_view name;
    std::string_view argument;
};
std::optional<directive> parse_directive(std::string_view text) noexcept {
    const auto equal = text.find('=');
    const directive found{text.substr(0, equal),
                          equal == std::string_view::npos ? std::string_view{} : text.substr(equal + 1)};
    if (!is_token(found.name)) return std::nullopt;
    const bool is_quoted =
        found.argument.size() > 1 && found.argument.starts_with('"') && found.argument.ends_with('"');
    if (equal != std::string_view::npos && !is_quoted && !is_token(found.argument)) return std::nullopt;
    return found;
}

}  // namespace

std::optional<cache_control> cache_control::parse(std::string_view value) {
    cache_control parsed;
    parsed.value = value;
    if (!is_field_content(value) || value.size() > most_bytes) return std::nullopt;
    list_reader directives(value);
    while (const auto text = directives.next()) {
        const auto found = parse_directive(*text);
        if (!found) return std::nullopt;
        if (iequals(found->name, "no-transform")) parsed.allows_transform = false;
        if (!iequals(found->name, "max-age")) continue;
        const auto seconds = parse_decimal(found->argument);
        // RFC 9111 section 1.2.2: a cache takes more than 2^31 for that.
        if (!seconds || *seconds > 1ULL << 31) return std::nullopt;
        parsed.max_age = std::chrono::seconds(*seconds);
    }
    return parsed;
}

bool has_directive(std::string_view value, std::string_view name) noexcept {
    list_reader directives(value);
    while (const auto text = directives.next())
        if (iequals(trim(text->substr(0, text->find('='))), name)) return true;
    return false;
}

parse_result<cache_rules::rule> cache_rules::parse_rule(const named_value& one) {
    auto how = cache_control::parse(one.text());
    if (!how)
        return std::string(
            "the value is no Cache-Control: write directives separated by commas (\"public, max-age=3600\"), "
            "or \"\" for none");
    rule parsed{subject::name, {}, std::nullopt, std::move(*how)};
    const auto slash = one.name.find('/');
    if (slash != std::string::npos && slash > 0) {
        if (!is_type_pattern(one.name))
            return std::string(
                "the pattern is neither a path (begin it with '/'), nor a media type (\"image/*\"), nor a "
                "file "
                "name");
        parsed.what = subject::type;
        parsed.type = to_lower(one.name);
        return parsed;
    }
    if (slash == 0) parsed.what = subject::path;
    auto pattern = glob::parse(one.name);
    if (!pattern) return pattern.error();
    parsed.pattern = std::move(*pattern);
    return parsed;
}

parse_result<cache_rules> cache_rules::parse(const std::vector<named_value>& rules) {
    cache_rules parsed;
    for (const auto& one : rules) {
        auto rule = parse_rule(one);
        if (!rule) return rule.error();
        parsed.rules_.push_back(std::move(*rule));
    }
    return parsed;
}

bool cache_rules::rule::matches(std::string_view path, std::string_view content_type) const noexcept {
    switch (what) {
        case subject::path: return pattern->matches(path);
        case subject::name: return pattern->matches(path.substr(path.rfind('/') + 1));
        case subject::type: return is_of_type(without_parameters(content_type), type);
    }
    return false;
}

const cache_control& cache_rules::find(std::string_view path, std::string_view content_type) const noexcept {
    for (const auto& one : rules_)
        if (one.matches(path, content_type)) return one.how;
    return otherwise_;
}

bool is_type_pattern(std::string_view text) noexcept {
    const auto type = parse_media_type(text);
    // '*' is a character of tokens, too.
    return type && type->parameters.empty() && type->type.find('*') == std::string_view::npos &&
           (type->subtype == "*" || type->subtype.find('*') == std::string_view::npos);
}

bool is_of_types(std::string_view content_type, const std::vector<std::string>& types) noexcept {
    const auto type = without_parameters(content_type);
    for (const auto& one : types)
        if (is_of_type(type, one)) return true;
    return false;
}

}  // namespace fairlead::http
