#include "config/table.hpp"

#include "base/text.hpp"
#include "config/item_checks.hpp"
#include "config/rows.hpp"

#include <algorithm>
#include <array>

namespace fairlead::config {
namespace {

constexpr std::array scopes{
    scope_row{"routes", scope::route, scope::site, check_route,
              "Parts of a site by the path that they begin with; the longest one that fits counts.",
              R"({"/docs": {"root": "/usr/share/doc", "listing": true}})"},
    scope_row{
        "sites", scope::site, scope::program, check_site_names,
        "Further sites by the names of their hosts, separated by commas; what one does not say is as above.",
        R"({"www.example.org, example.org": {"root": "/srv/example"}})"},
};

/// The parts, one behind the other.
std::vector<setting> all_rows() {
    std::vector<setting> rows;
    for (const auto part : {listening_rows(), delivery_rows(), access_rows(), upload_rows(), program_rows(),
                            limit_rows(), tunnel_rows(), operation_rows()})
        rows.insert(rows.end(), part.begin(), part.end());
    return rows;
}

/// What stands behind `section` and a dot in `path`, or nothing when the path is not below the section.
std::optional<std::string_view> below(std::string_view path, std::string_view section) {
    if (section.empty()) return path;
    if (!path.starts_with(section) || path.size() == section.size() || path[section.size()] != '.')
        return std::nullopt;
    return path.substr(section.size() + 1);
}

}  // namespace

std::span<const setting> table() noexcept {
    // The first to ask is the start: without the memory for a table it could only end, as `noexcept` does.
    static const auto rows = all_rows();
    return rows;
}

std::optional<std::size_t> find_setting(std::string_view path) noexcept {
    const auto rows = table();
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const setting& row) { return row.path == path; });
    if (found == rows.end()) return std::nullopt;
    return static_cast<std::size_t>(found - rows.begin());
}

std::span<const scope_row> scope_rows() noexcept { return scopes; }

const scope_row* find_scope_row(std::string_view key, scope where) noexcept {
    const auto found = std::find_if(scopes.begin(), scopes.end(), [&](const scope_row& row) {
        return row.key == key && where <= row.stands_in;
    });
    return found == scopes.end() ? nullptr : &*found;
}

bool is_section(std::string_view path, scope where) noexcept {
    return std::any_of(table().begin(), table().end(), [&](const setting& row) {
        return row.innermost >= where && below(row.path, path).has_value();
    });
}

std::vector<std::string_view> keys_below(std::string_view path, scope where) {
    std::vector<std::string_view> keys;
    for (const auto& row : table()) {
        const auto rest = row.innermost >= where ? below(row.path, path) : std::nullopt;
        if (!rest) continue;
        const auto key = rest->substr(0, rest->find('.'));
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    for (const auto& row : scopes)
        if (path.empty() && where <= row.stands_in) keys.push_back(row.key);
    return keys;
}

std::string environment_name(std::string_view path) {
    std::string name = "FAIRLEAD_";
    for (const char c : path) name += c == '.' ? '_' : to_upper(c);
    return name;
}

std::string pointer_of(std::string_view path) {
    std::string pointer = "/";
    for (const char c : path) pointer += c == '.' ? '/' : c;
    return pointer;
}

}  // namespace fairlead::config
