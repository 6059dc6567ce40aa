#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// One `"name": value` of the configuration whose name the user chose.
struct named_value {
    std::string name;
    std::optional<std::string> value;  ///< nothing is `null`: what stood under this name is removed
    /// The value, or nothing for `null`; views this.
    std::string_view text() const noexcept { return value ? std::string_view(*value) : std::string_view(); }
    bool operator==(const named_value&) const = default;
};

}  // namespace fairlead::http
