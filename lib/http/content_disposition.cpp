#include "http/content_disposition.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

constexpr std::string_view malformed =
    "A Content-Disposition is malformed: write form-data; name=\"...\"; filename=\"...\".";
constexpr std::string_view extended =
    "A Content-Disposition has filename* or another parameter with '*', which forms must not use (RFC 7578 "
    "section 4.2): send filename in UTF-8.";

parse_result<content_disposition> refused(std::string_view sentence) {
    return {boost::system::in_place_error, sentence};
}

bool is_extended(std::string_view parameter_name) noexcept {
    return parameter_name.find('*') != std::string_view::npos;
}

/// Whether the parameter at the front of `rest`, which could not be read, is one with '*'.
bool begins_extended(std::string_view rest) noexcept {
    rest.remove_prefix(std::min(rest.find_first_not_of("; \t"), rest.size()));
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_char);
    return is_extended({rest.begin(), end});
}

/// The byte that the escape at the front of `text` stands for, and how long it is; length 0: it is none.
struct escape {
    char byte = 0;
    std::size_t length = 0;
};

escape read_escape(std::string_view text) noexcept {
    if (text.starts_with("\\\"") || text.starts_with("\\\\")) return {text[1], 2};
    if (text.starts_with("%22")) return {'"', 3};
    if (text.starts_with("%0D")) return {'\r', 3};
    if (text.starts_with("%0A")) return {'\n', 3};
    return {};
}

std::string decode(std::string_view value) {
    if (!value.starts_with('"')) return std::string(value);
    value = value.substr(1, value.size() - 2);
    std::string text;
    text.reserve(value.size());
    while (!value.empty()) {
        const auto found = read_escape(value);
        text += found.length > 0 ? found.byte : value.front();
        value.remove_prefix(std::max<std::size_t>(found.length, 1));
    }
    return text;
}

}  // namespace

parse_result<content_disposition> parse_content_disposition(std::string_view value) {
    if (!is_field_content(value)) return refused("A Content-Disposition has a control byte.");
    const auto type_size = std::min(value.find(';'), value.size());
    if (!iequals(trim(value.substr(0, type_size)), "form-data"))
        return refused("The Content-Disposition of a part is not form-data.");
    std::optional<std::string> name;
    content_disposition parsed;
    auto rest = trim(value.substr(type_size));
    parameter_reader parameters(rest);
    while (const auto parameter = parameters.next()) {
        rest.remove_prefix(
            static_cast<std::size_t>(parameter->value.data() + parameter->value.size() - rest.data()));
        if (is_extended(parameter->name)) return refused(extended);
        const bool is_name = iequals(parameter->name, "name");
        if (!is_name && !iequals(parameter->name, "filename")) continue;
        auto& target = is_name ? name : parsed.filename;
        if (target)
            return refused(is_name ? "A Content-Disposition has more than one name."
                                   : "A Content-Disposition has more than one filename.");
        target = decode(parameter->value);
        if (!is_valid_utf8(*target)) return refused("A Content-Disposition has a name that is not UTF-8.");
    }
    if (parameters.is_malformed()) return refused(begins_extended(rest) ? extended : malformed);
    if (!name) return refused("A Content-Disposition has no name.");
    parsed.name = std::move(*name);
    return parsed;
}

}  // namespace fairlead::http
