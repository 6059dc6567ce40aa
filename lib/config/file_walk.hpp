#pragma once

#include "config/convert.hpp"
#include "config/table.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::config {

/// What a walk reports beside complaints.
struct walk_report {
    /// A setting was found, by its index in table(), also when its value was not accepted.
    std::function<void(std::size_t row, position at, bool accepted)> found;
    /// An object of scopes was found: `sites`, or `routes`. Its members are left to the caller, since they
    /// begin with what the level above turns out to be.
    std::function<void(const scope_row& row, const node& value)> scopes;
};

/// Walks through the document of a configuration file. Each setting is written to `all`. Unknown keys (with
/// "did you mean"), repeated keys and wrong types are appended to `complaints`, all of them.
void walk_file(const node& document, settings& all, std::vector<complaint>& complaints,
               const walk_report& report);

/// The same for one member of `sites` or `routes`, an object whose pointer is `prefix`.
void walk_scope(const node& object, scope where, std::string_view prefix, settings& all,
                std::vector<complaint>& complaints, const walk_report& report);

/// Calls `visit` for each key of the object that was not there before; repeated ones are complaints.
void for_each_key(const node& object, std::string_view prefix, std::vector<complaint>& complaints,
                  const std::function<void(const member&)>& visit);

/// The known path nearest to an unknown one, for "did you mean": a neighbour of the key, or a setting of this
/// name in another section. Empty when nothing is near.
std::string nearest_path(std::string_view section, std::string_view key, scope where = scope::program);

}  // namespace fairlead::config
