#pragma once

#include "config/json_source.hpp"
#include "config/settings.hpp"
#include "config/table.hpp"

#include <string>
#include <string_view>
#include <vector>

/// From what stands in a file, a variable or a flag to the typed fields of `settings`.
namespace fairlead::config {

/// What is wrong with a value: where, what is allowed, what was found.
struct complaint {
    position at;
    std::string pointer;  ///< RFC 6901
    std::string message;
};

/// Writes `value` to the row's field and returns true. What is wrong is appended to `complaints`; then the
/// field is left alone. `prefix` is the pointer of the object that the row's path begins at.
bool assign(const setting& row, const node& value, settings& all, std::vector<complaint>& complaints,
            std::string_view prefix = {});

/// `prefix` with one more step: RFC 6901 section 3 escapes '~' and '/' of a key.
std::string pointer_to(std::string_view prefix, std::string_view key);

/// The node that stands for the text of a variable or flag: lists are separated by commas, `true`, `yes`,
/// `on`, `1` and their opposites are booleans, and an object is JSON.
node node_from_text(const setting& row, std::string_view text);

}  // namespace fairlead::config
