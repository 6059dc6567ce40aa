#include "config/file_walk.hpp"

#include "config/describe.hpp"
#include "config/suggest.hpp"
#include "config/table.hpp"

#include <map>
#include <string>

namespace fairlead::config {
namespace {

std::string join(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

/// RFC 6901 section 3: '~' and '/' of a key are escaped.
std::string pointer_to(std::string_view section, std::string_view key) {
    std::string pointer = section.empty() ? "/" : pointer_of(section) + "/";
    for (const char c : key) {
        if (c == '~')
            pointer += "~0";
        else if (c == '/')
            pointer += "~1";
        else
            pointer += c;
    }
    return pointer;
}

std::string comma_separated(const std::vector<std::string_view>& words) {
    std::string text;
    for (const auto word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

class walker {
public:
    walker(settings& all, std::vector<complaint>& complaints,
           const std::function<void(std::size_t, position, bool)>& found)
        : all_(all), complaints_(complaints), found_(found) {}

    void visit_object(const node& object, std::string_view section) {
        std::map<std::string_view, position> seen;
        for (const auto& [key, at, value] : object.members) {
            const auto [first, is_new] = seen.emplace(key, at);
            if (!is_new) {
                complaints_.push_back({at, pointer_to(section, key),
                                       "repeated key: it stands in line " +
                                           std::to_string(first->second.line) +
                                           " already; remove one of the two"});
            } else {
                visit_member(section, key, at, value);
            }
        }
    }

private:
    void visit_member(std::string_view section, const std::string& key, position at, const node& value) {
        // A key with a dot would look like a path ("limits.queue") and is none.
        const bool plain = key.find('.') == std::string::npos && !key.empty();
        const auto path = join(section, key);
        if (const auto row = plain ? find_setting(path) : std::nullopt) {
            const bool accepted = assign(table()[*row], value, all_, complaints_);
            found_(*row, at, accepted);
        } else if (plain && is_section(path)) {
            visit_section(path, value);
        } else if (path == "$schema") {
            // Editors find the schema by it; to the program it means nothing.
            if (value.is != node::form::string)
                complaints_.push_back({value.at, "/$schema", "expected a string, found " + describe(value)});
        } else {
            complaints_.push_back({at, pointer_to(section, key), unknown(section, key)});
        }
    }

    void visit_section(const std::string& path, const node& value) {
        if (value.is == node::form::object) return visit_object(value, path);
        complaints_.push_back({value.at, pointer_of(path),
                               "expected an object { } with " + comma_separated(keys_below(path)) +
                                   ", found " + describe(value)});
    }

    static std::string unknown(std::string_view section, const std::string& key) {
        const auto nearest = nearest_path(section, key);
        if (!nearest.empty()) return "unknown key: did you mean " + pointer_of(nearest) + "?";
        return "unknown key: allowed here are " + comma_separated(keys_below(section));
    }

    settings& all_;
    std::vector<complaint>& complaints_;
    const std::function<void(std::size_t, position, bool)>& found_;
};

}  // namespace

void walk_file(const node& document, settings& all, std::vector<complaint>& complaints,
               const std::function<void(std::size_t row, position at, bool accepted)>& found) {
    if (document.is != node::form::object) {
        // RFC 6901: the empty pointer is the whole document.
        complaints.push_back({document.at, "", "expected an object { }, found " + describe(document)});
        return;
    }
    walker(all, complaints, found).visit_object(document, "");
}

std::string nearest_path(std::string_view section, std::string_view key) {
    if (find_setting(key)) return std::string(key);
    for (const auto& row : table()) {
        const auto dot = row.path.rfind('.');
        if (dot != std::string_view::npos && row.path.substr(dot + 1) == key) return std::string(row.path);
    }
    const auto nearest = suggest(key, keys_below(section));
    return nearest.empty() ? std::string() : join(section, nearest);
}

}  // namespace fairlead::config
