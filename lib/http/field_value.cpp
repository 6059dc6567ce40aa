#include "http/field_value.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

constexpr std::array<bool, 256> token_bytes = [] {
    std::array<bool, 256> allowed{};
    for (const char c :
         std::string_view("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
        allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
}();

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim_left(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    return text;
}

/// Length of the token at the front of `text`.
std::size_t token_length(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), [](char c) { return is_token_char(c); }) - text.begin());
}

/// Length of the quoted string at the front of `text` with both quotes, or npos when it does not end.
std::size_t quoted_length(std::string_view text) noexcept {
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == '"') return at + 1;
        if (text[at] == '\\') ++at;
    }
    return std::string_view::npos;
}

/// How well a media range fits: 0 not at all, 1 for */*, 2 for type/*, 3 exactly.
int specificity(const media_type& range, const media_type& wanted) noexcept {
    if (range.type == "*") return range.subtype == "*" ? 1 : 0;
    if (!iequals(range.type, wanted.type)) return 0;
    if (range.subtype == "*") return 2;
    return iequals(range.subtype, wanted.subtype) ? 3 : 0;
}

/// A quality and the specificity of the range that decided it.
struct preference {
    int quality = 0;
    int specificity = 0;
};

/// The quality that an Accept element gives, or nothing when its range has parameters or it is malformed.
std::optional<int> element_quality(const media_type& range) noexcept {
    parameter_reader parameters(range.parameters);
    std::optional<int> quality;
    while (const auto parameter = parameters.next()) {
        // What follows q was an extension once; it does not restrict the range (RFC 9110 section 12.5.1).
        if (quality) continue;
        if (!iequals(parameter->name, "q")) return std::nullopt;
        quality = parse_qvalue(parameter->value);
        if (!quality) return std::nullopt;
    }
    if (parameters.is_malformed()) return std::nullopt;
    return quality.value_or(1000);
}

preference preference_for(std::string_view accept, std::string_view wanted) noexcept {
    preference best;
    const auto type = parse_media_type(wanted);
    if (!type) return best;
    list_reader elements(accept);
    bool is_empty = true;
    while (const auto element = elements.next()) {
        is_empty = false;
        const auto range = parse_media_type(*element);
        if (!range) continue;
        const int fit = specificity(*range, *type);
        if (fit <= best.specificity) continue;
        if (const auto quality = element_quality(*range)) best = {*quality, fit};
    }
    if (is_empty) best.quality = 1000;
    return best;
}

}  // namespace

bool is_token_char(char c) noexcept { return token_bytes[static_cast<unsigned char>(c)]; }

bool is_token(std::string_view text) noexcept { return !text.empty() && token_length(text) == text.size(); }

bool is_field_content(std::string_view value) noexcept {
    return std::all_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

std::optional<std::string_view> list_reader::next() noexcept {
    while (!rest_.empty() && (rest_.front() == ',' || is_space(rest_.front()))) rest_.remove_prefix(1);
    if (rest_.empty()) return std::nullopt;
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != ',') {
        if (rest_[end] != '"') {
            ++end;
            continue;
        }
        const auto length = quoted_length(rest_.substr(end));
        end = length == std::string_view::npos ? rest_.size() : end + length;
    }
    const auto element = trim(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return element;
}

std::optional<parameter_reader::parameter> parameter_reader::next() noexcept {
    if (malformed_) return std::nullopt;
    bool has_separator = false;
    for (rest_ = trim_left(rest_); rest_.starts_with(';'); rest_ = trim_left(rest_)) {
        has_separator = true;
        rest_.remove_prefix(1);
    }
    if (rest_.empty()) return std::nullopt;
    const auto name_size = token_length(rest_);
    const auto name = rest_.substr(0, name_size);
    malformed_ = !has_separator || name.empty() || name_size == rest_.size() || rest_[name_size] != '=';
    if (malformed_) return std::nullopt;
    rest_.remove_prefix(name_size + 1);
    const auto value_size = rest_.starts_with('"') ? quoted_length(rest_) : token_length(rest_);
    malformed_ = value_size == 0 || value_size == std::string_view::npos;
    if (malformed_) return std::nullopt;
    const auto value = rest_.substr(0, value_size);
    rest_.remove_prefix(value_size);
    return parameter{name, value};
}

std::string unquote(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
    text = text.substr(1, text.size() - 2);
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        out.push_back(text[at]);
    }
    return out;
}

bool list_has_token(std::string_view value, std::string_view token) noexcept {
    list_reader elements(value);
    while (const auto element = elements.next())
        if (iequals(*element, token)) return true;
    return false;
}

bool media_type::is(std::string_view type_name, std::string_view subtype_name) const noexcept {
    return iequals(type, type_name) && iequals(subtype, subtype_name);
}

std::string_view media_type::parameter(std::string_view name) const noexcept {
    parameter_reader reader(parameters);
    while (const auto found = reader.next())
        if (iequals(found->name, name)) return found->value;
    return {};
}

std::optional<media_type> parse_media_type(std::string_view value) noexcept {
    value = trim(value);
    media_type result;
    const auto type_size = token_length(value);
    if (type_size == 0 || type_size == value.size() || value[type_size] != '/') return std::nullopt;
    result.type = value.substr(0, type_size);
    value.remove_prefix(type_size + 1);
    const auto subtype_size = token_length(value);
    if (subtype_size == 0) return std::nullopt;
    result.subtype = value.substr(0, subtype_size);
    result.parameters = trim_left(value.substr(subtype_size));
    parameter_reader check(result.parameters);
    while (check.next()) {
    }
    if (check.is_malformed()) return std::nullopt;
    return result;
}

std::optional<int> parse_qvalue(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    int value = (text[0] - '0') * 1000;
    int weight = 100;
    for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
        if (c < '0' || c > '9') return std::nullopt;
        value += (c - '0') * weight;
        weight /= 10;
    }
    if (value > 1000) return std::nullopt;
    return value;
}

int accept_quality(std::string_view accept, std::string_view wanted) noexcept {
    return preference_for(accept, wanted).quality;
}

bool prefers_json(std::string_view accept) noexcept {
    const auto html = preference_for(accept, "text/html");
    for (const std::string_view type : {"application/problem+json", "application/json"}) {
        const auto json = preference_for(accept, type);
        if (json.quality > html.quality) return true;
        if (json.quality == html.quality && json.quality > 0 && json.specificity > html.specificity)
            return true;
    }
    return false;
}

}  // namespace fairlead::http
