#pragma once

#include <cstdint>
#include <string>

namespace fairlead::app {

/// Asks `http://host:port/path` once, with a limit of 3 s. Returns 0 when the answer is 200, else 1 with a
/// line on standard error: what `HEALTHCHECK` of an image without curl calls.
int check_health(const std::string& host, std::uint16_t port, const std::string& path);

}  // namespace fairlead::app
