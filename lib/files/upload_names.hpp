#pragma once

#include <string>
#include <string_view>

namespace fairlead::files {

/// `PREFIX_YYYYMMDD_HHMMSS_XXXXXXXXXXXXXXXX` (UTC, 64 random bits): a name that nobody has, and that nobody
/// can guess. Throws std::system_error when the kernel gives no random bytes.
std::string fresh_name(std::string_view prefix);

}  // namespace fairlead::files
