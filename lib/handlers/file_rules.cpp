#include "handlers/file_rules.hpp"

#include "base/text.hpp"
#include "http/digest_fields.hpp"
#include "http/target.hpp"

#include <algorithm>

namespace fairlead::handlers {
namespace {

constexpr std::string_view well_known = "/.well-known/";

/// Files below /.well-known/ mostly have no extension, since their names are given (RFC 8615): there a name
/// without one is text, or JSON where its specification says so.
std::string_view well_known_type(std::string_view path) noexcept {
    const auto name = path.substr(path.rfind('/') + 1);
    constexpr std::string_view json[] = {"apple-app-site-association",
                                         "openid-configuration",
                                         "oauth-authorization-server",
                                         "webfinger",
                                         "nodeinfo",
                                         "passkey-endpoints",
                                         "webauthn",
                                         "gpc"};
    for (const auto one : json)
        if (name == one) return "application/json";
    return "text/plain; charset=utf-8";
}

/// `path` is that of the site, since the folder itself may be mounted there.
bool is_well_known(const std::string& path) noexcept {
    return path.starts_with(well_known) && path.size() > well_known.size();
}

/// How a file at `path` is served; an empty type when it is not.
struct served_as {
    std::string_view content_type;
    bool is_attachment = false;
};
served_as find_type(const file_rules& rules, std::string_view path) {
    if (is_script_source(rules, path)) return {};
    const auto extension = http::extension(path);
    const auto* rule = rules.types.find(extension);
    if (!rule && extension.empty() && is_well_known(rules.url_prefix + std::string(path)))
        return {well_known_type(path)};
    if (!rule) return {};
    if (!rule->content_type.empty()) return {rule->content_type, rule->is_attachment};
    return {rules.media_types->content_type(extension), rule->is_attachment};
}

}  // namespace

bool is_script_source(const file_rules& rules, std::string_view path) {
    if (rules.script_extensions.empty()) return false;
    const auto parts = split(path.substr(path.rfind('/') + 1), '.');
    return std::any_of(parts.begin() + 1, parts.end(), [&](std::string_view part) {
        // Editors keep what was there before under "a.php~".
        while (part.ends_with('~')) part.remove_suffix(1);
        const auto is_same = [part](const std::string& one) { return iequals(one, part); };
        return std::any_of(rules.script_extensions.begin(), rules.script_extensions.end(), is_same);
    });
}

bool is_hidden_below_root(const file_rules& rules, std::string_view path) {
    return rules.types.hides_dot_files() && http::is_hidden("/" + std::string(path));
}

bool may_serve(const file_rules& rules, std::string_view path) {
    return !find_type(rules, path).content_type.empty() && !is_hidden_below_root(rules, path);
}

files::file_head head_of(const file_rules& rules, std::string_view path, const files::open_file& file) {
    const auto type = find_type(rules, path);
    if (type.content_type.empty() || is_hidden_below_root(rules, path)) return {};
    const auto& caching = rules.caching.find(rules.url_prefix + std::string(path), type.content_type);
    const bool is_coded = file.coding != http::content_coding::identity;

    files::file_head head;
    head.max_age = caching.max_age;
    head.may_be_coded = !is_coded && !rules.codings.empty() && caching.allows_transform &&
                        file.info.size >= rules.coded_size &&
                        http::is_of_types(type.content_type, rules.coded_types);

    // What a 304 has, too (RFC 9110 section 15.4.5).
    http::field_block unchanged;
    unchanged.add("ETag", file.etag);
    if (!caching.value.empty()) unchanged.add("Cache-Control", caching.value);
    if (is_coded || head.may_be_coded || !file.siblings.empty()) unchanged.add("Vary", "Accept-Encoding");

    http::field_block whole;
    whole.add("Content-Type", type.content_type);
    if (type.is_attachment) whole.add("Content-Disposition", "attachment");
    whole.add("Last-Modified", file.last_modified_text);
    if (is_coded)
        whole.add("Content-Encoding", http::token(file.coding));
    else
        whole.add("Accept-Ranges", "bytes");  // ranges are always of the file as it is
    if (file.digest) whole.add("Repr-Digest", http::format_digest(*file.digest));
    whole.add_prebuilt(unchanged.text());
    head.lines = rules.fields.filter(whole.text()) + rules.extra;
    head.unchanged = rules.fields.filter(unchanged.text());
    return head;
}

std::span<const http::content_coding> sibling_codings_of(const file_rules& rules, std::string_view path) {
    const auto type = find_type(rules, path).content_type;
    if (type.empty() || !http::is_of_types(type, rules.coded_types)) return {};
    return rules.sibling_codings;
}

std::string coded_entity_tag(std::string_view etag, http::content_coding coding) {
    std::string tag(etag.substr(0, etag.size() - 1));
    return tag.append("-").append(http::token(coding)).append("\"");
}

}  // namespace fairlead::handlers
