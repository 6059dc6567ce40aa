#include "config/file_walk.hpp"

#include "config/describe.hpp"
#include "config/suggest.hpp"

#include <map>

namespace fairlead::config {
namespace {

std::string join(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

std::string comma_separated(const std::vector<std::string_view>& words) {
    std::string text;
    for (const auto word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

class walker {
public:
    walker(scope where, std::string_view prefix, settings& all, std::vector<complaint>& complaints,
           const walk_report& report)
        : where_(where), prefix_(prefix), all_(all), complaints_(complaints), report_(report) {}

    void visit_object(const node& object, std::string_view section) {
        const auto prefix = section.empty() ? std::string(prefix_) : pointer_at(section);
        for_each_key(object, prefix, complaints_,
                     [&](const member& one) { visit_member(section, one.key, one.at, one.value); });
    }

private:
    std::string pointer_at(std::string_view path) const { return std::string(prefix_) + pointer_of(path); }

    void visit_member(std::string_view section, const std::string& key, position at, const node& value) {
        // A key with a dot would look like a path ("limits.queue") and is none.
        const bool plain = key.find('.') == std::string::npos && !key.empty();
        const auto path = join(section, key);
        const auto row = plain ? find_setting(path) : std::nullopt;
        if (row && table()[*row].innermost >= where_) {
            const bool accepted = assign(table()[*row], value, all_, complaints_, prefix_);
            report_.found(*row, at, accepted);
        } else if (row) {
            complaints_.push_back({at, pointer_at(path), misplaced(table()[*row].innermost)});
        } else if (plain && is_section(path, where_)) {
            visit_section(path, value);
        } else if (const auto* opening = section.empty() ? find_scope_row(key, where_) : nullptr) {
            report_.scopes(*opening, value);
        } else if (path == "$schema" && where_ == scope::program) {
            // Editors find the schema by it; to the program it means nothing.
            if (value.is != node::form::string)
                complaints_.push_back({value.at, "/$schema", "expected a string, found " + describe(value)});
        } else {
            const auto prefix = section.empty() ? std::string(prefix_) : pointer_at(section);
            complaints_.push_back({at, pointer_to(prefix, key), unknown(section, key)});
        }
    }

    void visit_section(const std::string& path, const node& value) {
        if (value.is == node::form::object) return visit_object(value, path);
        complaints_.push_back({value.at, pointer_at(path),
                               "expected an object { } with " + comma_separated(keys_below(path, where_)) +
                                   ", found " + describe(value)});
    }

    static std::string misplaced(scope innermost) {
        return innermost == scope::program
                   ? "this key counts for the whole program: move it to the top of the file"
                   : "this key counts for a whole site: move it out of \"routes\"";
    }

    std::string unknown(std::string_view section, const std::string& key) const {
        const auto nearest = nearest_path(section, key, where_);
        if (!nearest.empty()) return "unknown key: did you mean " + pointer_at(nearest) + "?";
        return "unknown key: allowed here are " + comma_separated(keys_below(section, where_));
    }

    const scope where_;
    const std::string_view prefix_;
    settings& all_;
    std::vector<complaint>& complaints_;
    const walk_report& report_;
};

}  // namespace

void walk_file(const node& document, settings& all, std::vector<complaint>& complaints,
               const walk_report& report) {
    walk_scope(document, scope::program, "", all, complaints, report);
}

void walk_scope(const node& object, scope where, std::string_view prefix, settings& all,
                std::vector<complaint>& complaints, const walk_report& report) {
    if (object.is != node::form::object) {
        // RFC 6901: the empty pointer is the whole document.
        complaints.push_back(
            {object.at, std::string(prefix), "expected an object { }, found " + describe(object)});
        return;
    }
    walker(where, prefix, all, complaints, report).visit_object(object, "");
}

void for_each_key(const node& object, std::string_view prefix, std::vector<complaint>& complaints,
                  const std::function<void(const member&)>& visit) {
    std::map<std::string_view, position> seen;
    for (const auto& one : object.members) {
        const auto [first, is_new] = seen.emplace(one.key, one.at);
        if (is_new) {
            visit(one);
        } else {
            complaints.push_back({one.at, pointer_to(prefix, one.key),
                                  "repeated key: it stands in line " + std::to_string(first->second.line) +
                                      " already; remove one of the two"});
        }
    }
}

std::string nearest_path(std::string_view section, std::string_view key, scope where) {
    if (const auto row = find_setting(key); row && table()[*row].innermost >= where) return std::string(key);
    for (const auto& row : table()) {
        const auto dot = row.path.rfind('.');
        if (row.innermost >= where && dot != std::string_view::npos && row.path.substr(dot + 1) == key)
            return std::string(row.path);
    }
    const auto nearest = suggest(key, keys_below(section, where));
    return nearest.empty() ? std::string() : join(section, nearest);
}

}  // namespace fairlead::config
