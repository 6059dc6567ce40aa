#pragma once

#include <string_view>

namespace fairlead::http {

/// The text of `resources/mime.types` as it was when the program was built.
extern const std::string_view builtin_media_types;

}  // namespace fairlead::http
