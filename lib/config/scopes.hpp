#pragma once

#include "config/convert.hpp"
#include "config/table.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

/// Sites and routes: objects of the file that begin with what the level above them says.
namespace fairlead::config {

/// One site or route as the file has it.
struct given_scope {
    std::string name;                                     ///< the key: names of hosts, or a path
    position at;                                          ///< of the key
    std::vector<std::pair<std::size_t, position>> given;  ///< rows of table() that it has itself
    settings values;                                      ///< in force in it; of a route, its site's too
    std::vector<given_scope> routes;                      ///< of a site
    bool has(std::string_view path) const noexcept;
};

/// All of a file.
struct given_scopes {
    std::vector<given_scope> routes;  ///< of the default site
    std::vector<given_scope> sites;
};

/// Reads what `sites` and `routes` at the top of the file hold (null pointers: the file has none). `above` is
/// what stands at the top, complete; `make_absolute` resolves a path in the settings, by its row. What is
/// wrong is appended to `complaints`: also names and paths that are there twice or taken.
given_scopes read_scopes(const node* sites, const node* routes, const settings& above,
                         const std::function<void(std::size_t row, settings&)>& make_absolute,
                         std::vector<complaint>& complaints);

/// Moves the values of the scopes to where the program looks for them.
void apply_scopes(const given_scopes& scopes, settings& all);

}  // namespace fairlead::config
