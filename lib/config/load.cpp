#include "config/load.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/access_checks.hpp"
#include "config/convert.hpp"
#include "config/cross_checks.hpp"
#include "config/describe.hpp"
#include "config/file_text.hpp"
#include "config/file_walk.hpp"
#include "config/suggest.hpp"
#include "config/table.hpp"

#include <unistd.h>

#include <algorithm>

extern "C" char** environ;  // POSIX leaves its declaration to the program

namespace fairlead::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_variable = "FAIRLEAD_CONFIG";
constexpr std::size_t most_file_bytes = 1 << 20;

/// Absolute, without dots, without a slash at the end.
std::string resolve(const fs::path& base, const std::string& path) {
    auto text = (base / path).lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

fs::path absolute_directory(const fs::path& directory) {
    if (directory.is_absolute()) return directory;
    return fs::current_path() / directory;
}

/// Puts the sources together, one after the other, and keeps book of where each value came from.
class loader {
public:
    explicit loader(const sources& from)
        : from_(from),
          base_(absolute_directory(from.working_directory)),
          origins_(table().size()),
          is_valid_(table().size(), true) {}

    void add_file(const fs::path& name, std::string_view text) {
        auto parsed = parse_json(text);
        if (const auto* wrong = std::get_if<syntax_error>(&parsed)) {
            errors_.push_back({place_text(name.string(), wrong->at), "", wrong->message});
            return;
        }
        document_ = std::get<node>(std::move(parsed));
        file_ = name;
        file_directory_ = fs::path(resolve(base_, name.string())).parent_path();
        std::vector<complaint> complaints;
        walk_report report;
        report.found = [&](std::size_t row, position at, bool accepted) {
            settle(row, {origin::source::file, name.string(), at}, accepted, file_directory_);
        };
        report.scopes = [&](const scope_row& row, const node& value) {
            (row.opens == scope::site ? sites_ : routes_) = &value;
        };
        walk_file(document_, values_, complaints, report);
        add_complaints(complaints);
    }

    void add_environment() {
        add_platform_port();
        for (std::size_t row = 0; row < table().size(); ++row) {
            const auto variable = from_.variables.find(environment_name(table()[row].path));
            if (variable == from_.variables.end()) continue;
            add_text(row, {origin::source::variable, variable->first, {}}, variable->second);
        }
        for (const auto& [name, value] : from_.variables) warn_of_unknown(name);
    }

    void add_flags() {
        for (const auto& given : from_.flags) {
            const origin source{origin::source::flag, given.flag, {}};
            if (given.path == "port") {
                change_port(source, given.text);
            } else if (const auto row = find_setting(given.path)) {
                add_text(*row, source, given.text);
            } else {
                errors_.push_back(
                    {source.text(), pointer_of(given.path), "there is no setting of this name"});
            }
        }
    }

    std::variant<loaded, config_errors> finish() {
        for (std::size_t row = 0; row < table().size(); ++row)
            if (origins_[row].from == origin::source::built_in) make_absolute(row, values_, base_);
        for (const auto path : fit_defaults(values_, [&](auto name) { return is_given(name); }))
            origin_at(path).name = "default, fitted to what was given";
        const auto usable = [&](std::string_view path) { return is_valid_[*find_setting(path)]; };
        for (auto& wrong : find_contradictions(values_, usable)) add_contradiction(std::move(wrong));
        // Last, since sites and routes begin with what variables and flags may have changed.
        std::vector<complaint> complaints;
        auto scopes = read_scopes(
            sites_, routes_, values_,
            [&](std::size_t row, settings& all) { make_absolute(row, all, file_directory_); }, complaints);
        add_complaints(complaints);
        if (auto unused = find_unused_rule(scopes, values_); unused && usable("access") && usable("methods"))
            add_contradiction(std::move(*unused));
        if (!errors_.empty()) return std::move(errors_);
        apply_scopes(scopes, values_);
        check_files_of_users(scopes);
        if (!errors_.empty()) return std::move(errors_);
        for (auto& risk : find_risks(values_)) warnings_.push_back(std::move(risk));
        return loaded{std::move(values_), std::move(origins_), std::move(scopes), file_.string(),
                      std::move(warnings_)};
    }

private:
    origin& origin_at(std::string_view path) { return origins_[*find_setting(path)]; }
    bool is_given(std::string_view path) { return origin_at(path).from != origin::source::built_in; }

    /// Notes that `row` got its value from `source`.
    void settle(std::size_t row, origin source, bool accepted, const fs::path& directory) {
        origins_[row] = std::move(source);
        is_valid_[row] = accepted;
        if (accepted) make_absolute(row, values_, directory);
    }

    static void make_absolute(std::size_t row, settings& all, const fs::path& directory) {
        const auto* path = std::get_if<path_kind>(&table()[row].kind);
        if (!path || path->at.read(all).empty()) return;
        auto& value = path->at.write(all);
        value = resolve(directory, value);
    }

    /// Complaints about the file.
    void add_contradiction(contradiction wrong) {
        errors_.push_back({origin_at(wrong.path).place(), pointer_of(wrong.path), std::move(wrong.message)});
    }

    void add_complaints(std::vector<complaint>& complaints) {
        for (auto& wrong : complaints)
            errors_.push_back(
                {place_text(file_.string(), wrong.at), std::move(wrong.pointer), std::move(wrong.message)});
    }

    /// Once all levels are known: where one of them publishes something, none may keep its users.
    void check_files_of_users(const given_scopes& scopes) {
        if (auto fault = fault_of_users_place(values_.site.delivery.auth.users, values_))
            add_contradiction({"auth.users", std::move(*fault)});
        std::vector<complaint> complaints;
        check_users_places(scopes, values_, complaints);
        add_complaints(complaints);
    }

    void add_text(std::size_t row, const origin& source, std::string_view text) {
        std::vector<complaint> complaints;
        const bool accepted = assign(table()[row], node_from_text(table()[row], text), values_, complaints);
        for (auto& wrong : complaints)
            errors_.push_back({source.text(), std::move(wrong.pointer), std::move(wrong.message)});
        settle(row, source, accepted, base_);
    }

    /// `PORT`, as platforms set it.
    void add_platform_port() {
        const auto variable = from_.variables.find("PORT");
        if (variable == from_.variables.end() || variable->second.empty()) return;
        const bool flag_decides = std::any_of(
            from_.flags.begin(), from_.flags.end(),
            [](const flag_value& given) { return given.path == "listen" || given.path == "port"; });
        if (flag_decides || from_.variables.contains("FAIRLEAD_LISTEN")) return;
        change_port({origin::source::variable, variable->first, {}}, variable->second);
    }

    /// Replaces the port of every listen address; addresses that become equal are kept once.
    void change_port(const origin& source, std::string_view text) {
        const auto port = parse_decimal(text);
        if (!port || *port > 65'535) {
            const node found{node::form::string, {}, std::string(text), {}, {}};
            errors_.push_back(
                {source.text(), "/listen", "expected a port from 0 to 65535, found " + describe(found)});
            return;
        }
        std::vector<endpoint> moved;
        for (auto where : values_.listen) {
            where.port = static_cast<std::uint16_t>(*port);
            if (std::find(moved.begin(), moved.end(), where) == moved.end())
                moved.push_back(std::move(where));
        }
        values_.listen = std::move(moved);
        // A list that was refused stays refused: its error is reported where it stands.
        origin_at("listen") = source;
    }

    void warn_of_unknown(const std::string& name) {
        if (!name.starts_with("FAIRLEAD_") || name == file_variable) return;
        std::vector<std::string> known{std::string(file_variable)};
        for (const auto& row : table()) known.push_back(environment_name(row.path));
        if (std::find(known.begin(), known.end(), name) != known.end()) return;
        for (const auto& row : scope_rows()) {
            if (name != environment_name(row.key)) continue;
            warnings_.push_back("environment " + name + " has no effect: " + std::string(row.key) +
                                " stand in the configuration file alone");
            return;
        }
        const std::vector<std::string_view> candidates(known.begin(), known.end());
        const auto nearest = suggest(name, candidates);
        warnings_.push_back(
            "environment " + name + " is no setting and has no effect" +
            (nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?"));
    }

    const sources& from_;
    fs::path base_;
    fs::path file_;
    fs::path file_directory_;
    node document_;
    const node* sites_ = nullptr;  // both in document_
    const node* routes_ = nullptr;
    settings values_;
    std::vector<origin> origins_;
    std::vector<bool> is_valid_;  ///< false for a row whose value was refused
    config_errors errors_;
    std::vector<std::string> warnings_;
};

std::string reading_failed(const error_code& error) {
    if (error == errc::too_large) return "this is no configuration file: it has more than 1 MiB";
    return "cannot read the configuration file: " + error.message() +
           (is_errno(error, ENOENT) ? "; check the path after --config or in FAIRLEAD_CONFIG" : "");
}

}  // namespace

environment process_environment() {
    environment variables;
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view text = *entry;
        const auto equal = text.find('=');
        if (equal != std::string_view::npos) variables.emplace(text.substr(0, equal), text.substr(equal + 1));
    }
    return variables;
}

std::string origin::text() const {
    switch (from) {
        case source::built_in: return name.empty() ? "default" : name;
        case source::file: return name + ":" + std::to_string(at.line);
        case source::variable: return "environment " + name;
        case source::flag: return "flag " + name;
    }
    return {};
}

std::string origin::place() const { return from == source::file ? place_text(name, at) : text(); }

std::string place_text(std::string_view file, position at) {
    return std::string(file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

std::string config_error::text() const {
    // A key, or a value that the message names, may hold anything, a line break too; escaped as in a JSON
    // string it stays on this line.
    std::string what;
    for (const char c : message) {
        if (static_cast<unsigned char>(c) >= 0x20) {
            what += c;
            continue;
        }
        const auto escaped = quote(std::string(1, c));
        what.append(escaped, 1, escaped.size() - 2);
    }
    if (pointer.empty()) return where + ": " + what;
    const auto escaped = quote(pointer);
    return where + ": " + escaped.substr(1, escaped.size() - 2) + ": " + what;
}

const origin& loaded::origin_of(std::string_view path) const {
    return origins.at(find_setting(path).value());
}

std::variant<loaded, config_errors> load_text(const std::filesystem::path& name, std::string_view text,
                                              const sources& from) {
    loader all(from);
    all.add_file(name, text);
    all.add_environment();
    all.add_flags();
    return all.finish();
}

std::variant<loaded, config_errors> load(const sources& from) {
    auto file = from.file;
    const auto variable = from.variables.find(file_variable);
    if (!file && variable != from.variables.end() && !variable->second.empty()) file = variable->second;
    if (file) {
        const auto text = read_text(absolute_directory(from.working_directory) / *file, most_file_bytes);
        if (!text) return config_errors{{file->string(), "", reading_failed(text.error())}};
        return load_text(*file, *text, from);
    }
    loader all(from);
    all.add_environment();
    all.add_flags();
    return all.finish();
}

}  // namespace fairlead::config
