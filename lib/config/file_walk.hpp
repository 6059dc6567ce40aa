#pragma once

#include "config/convert.hpp"

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace fairlead::config {

/// Walks through the document of a configuration file. Each setting is written to `all` and reported to
/// `found` by its index in table(), also when its value was not accepted. Unknown keys (with "did you mean"),
/// repeated keys and wrong types are appended to `complaints`, all of them.
void walk_file(const node& document, settings& all, std::vector<complaint>& complaints,
               const std::function<void(std::size_t row, position at, bool accepted)>& found);

/// The known path nearest to an unknown one, for "did you mean": a neighbour of the key, or a setting of this
/// name in another section. Empty when nothing is near.
std::string nearest_path(std::string_view section, std::string_view key);

}  // namespace fairlead::config
