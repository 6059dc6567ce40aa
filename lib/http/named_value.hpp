#pragma once

#include <optional>
#include <string>

namespace fairlead::http {

/// One `"name": value` of the configuration whose name the user chose.
struct named_value {
    std::string name;
    std::optional<std::string> value;  ///< nothing is `null`: what stood under this name is removed
    bool operator==(const named_value&) const = default;
};

}  // namespace fairlead::http
