#pragma once

#include "config/json_source.hpp"
#include "config/settings.hpp"
#include "config/table.hpp"

#include <string>

/// From settings and rows to text.
namespace fairlead::config {

/// The field's value as JSON; assign() reads it back as the same value.
std::string to_json(const setting& row, const settings& all);

/// What the row takes, in words: "a whole number from 1 to 1000000".
std::string allowed(const setting& row);

/// What was found, in words: `the string "abc"`.
std::string describe(const node& value);

}  // namespace fairlead::config
