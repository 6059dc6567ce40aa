#pragma once

#include "config/json_source.hpp"
#include "config/scopes.hpp"
#include "config/settings.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::config {

/// Environment variables by name.
using environment = std::map<std::string, std::string, std::less<>>;

/// The variables of this process.
environment process_environment();

/// A setting that was given on the command line.
struct flag_value {
    std::string path;  ///< "limits.connections", or "port": the port of every listen address
    std::string flag;  ///< as the user knows it: "--listen", "PORT"
    std::string text;  ///< lists are separated by commas
};

/// Where settings come from, the last one wins: built-in defaults, `file`, `variables`, `flags`.
struct sources {
    /// The file to read. Not set: the one that FAIRLEAD_CONFIG names, and none when that is not set either.
    std::optional<std::filesystem::path> file;
    environment variables;
    std::vector<flag_value> flags;
    /// What relative paths that do not stand in the file are relative to; empty is the process's own.
    std::filesystem::path working_directory;
};

/// Where the value of one setting came from.
struct origin {
    enum class source { built_in, file, variable, flag };
    source from = source::built_in;
    std::string name;  ///< of the file, variable or flag; for built_in a remark, mostly empty
    position at;       ///< in the file
    /// "default", "fairlead.json:12", "environment FAIRLEAD_ROOT", "flag --root".
    std::string text() const;
    /// The same for errors: with the column.
    std::string place() const;
};

/// "fairlead.json:12:5".
std::string place_text(std::string_view file, position at);

/// What is wrong, and where.
struct config_error {
    std::string where;  ///< "fairlead.json:12:5", "environment FAIRLEAD_ROOT", "flag --root"
    std::string
        pointer;  ///< JSON pointer of the value; empty for the whole document and for one that cannot be read
    std::string message;  ///< what is wrong and what to do
    /// All three on one line, without control characters.
    std::string text() const;
};

/// A complete and valid configuration. Paths are absolute.
struct loaded {
    settings values;
    std::vector<origin> origins;        ///< one for each row of table()
    given_scopes scopes;                ///< sites and routes as the file has them
    std::string file;                   ///< its name as given; empty without one
    std::vector<std::string> warnings;  ///< what works, but is probably not meant
    /// Where the setting at `path` ("limits.connections") came from. The path must be one of the table's.
    const origin& origin_of(std::string_view path) const;
};

/// Every error that was found, in the order file, environment, flags, combinations.
using config_errors = std::vector<config_error>;

/// Reads the file, if there is one, and puts everything together.
///
/// The platform convention `PORT` stands just above the file: when neither a flag nor FAIRLEAD_LISTEN says
/// where to listen, it replaces the port of every listen address and keeps the addresses. A variable
/// FAIRLEAD_* that is no setting is a warning. Nothing is created or opened but the file.
std::variant<loaded, config_errors> load(const sources& from);

/// The same with a file that was read already; `name` stands in the messages and decides what its relative
/// paths are relative to.
std::variant<loaded, config_errors> load_text(const std::filesystem::path& name, std::string_view text,
                                              const sources& from);

}  // namespace fairlead::config
