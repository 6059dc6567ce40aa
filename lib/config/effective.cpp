#include "config/effective.hpp"

#include "config/describe.hpp"
#include "config/table.hpp"

#include <algorithm>
#include <optional>

namespace fairlead::config {
namespace {

/// A comment that ends its line.
std::string origin_comment(std::string text) {
    // The name of a file may hold anything, but a line break would end the comment.
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::replace(text.begin(), text.end(), '\r', ' ');
    return ",  // " + text + "\n";
}

/// Writes one level: all of the program, or what a site or route says itself, since the rest is as above it.
class level_writer {
public:
    level_writer(const loaded& from, std::string& out) : from_(from), out_(out), values_(from.values) {}
    level_writer(const loaded& from, std::string& out, const given_scope& own, scope where)
        : from_(from), out_(out), values_(own.values), own_(&own), where_(where) {}

    void write_section(std::string_view section, std::size_t depth) {
        const std::string margin(4 * depth, ' ');
        for (const auto key : keys_below(section, where_)) {
            const auto path =
                section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
            if (const auto row = find_setting(path))
                write_setting(*row, key, margin);
            else if (const auto* opening = section.empty() ? find_scope_row(key, where_) : nullptr)
                write_scopes(*opening, depth);
            else
                write_braced(key, depth, [&] { write_section(path, depth + 1); });
        }
    }

private:
    void write_setting(std::size_t row, std::string_view key, const std::string& margin) {
        const auto origin = origin_of(row);
        if (!origin) return;
        out_.append(margin).append(quote(key)).append(": ").append(to_json(table()[row], values_));
        out_.append(origin_comment(*origin));
    }

    void write_scopes(const scope_row& row, std::size_t depth) {
        write_braced(row.key, depth, [&] {
            for (const auto& one : scopes_of(row)) {
                level_writer inner(from_, out_, one, row.opens);
                inner.write_braced(one.name, depth + 1, [&] { inner.write_section("", depth + 2); }, true);
            }
        });
    }

    /// `"key": { ... },` unless nothing was written between the braces, which only an own object may be.
    template <class Write>
    void write_braced(std::string_view key, std::size_t depth, Write write, bool may_be_empty = false) {
        const std::string margin(4 * depth, ' ');
        const auto before = out_.size();
        out_.append(margin).append(quote(key)).append(": {\n");
        const auto inside = out_.size();
        write();
        if (out_.size() == inside && !may_be_empty)
            out_.resize(before);
        else
            out_.append(margin).append("},\n");
    }

    std::optional<std::string> origin_of(std::size_t row) const {
        if (!own_) return from_.origins[row].text();
        for (const auto& [index, at] : own_->given)
            if (index == row) return from_.file + ":" + std::to_string(at.line);
        return std::nullopt;
    }

    const std::vector<given_scope>& scopes_of(const scope_row& row) const {
        if (own_) return own_->routes;
        return row.opens == scope::site ? from_.scopes.sites : from_.scopes.routes;
    }

    const loaded& from_;
    std::string& out_;
    const settings& values_;
    const given_scope* own_ = nullptr;
    scope where_ = scope::program;
};

}  // namespace

std::string effective_text(const loaded& configuration) {
    std::string text = "{\n";
    level_writer(configuration, text).write_section("", 1);
    return text + "}\n";
}

}  // namespace fairlead::config
