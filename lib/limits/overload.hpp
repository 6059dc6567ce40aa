#pragma once

#include "http/problem.hpp"

#include <chrono>

namespace fairlead::limits {

/// The refusal of a server that is at a limit: 503 with `Retry-After` of at least `retry_after` and up to 40
/// % more (whole seconds), so that a crowd does not come back at once. `limit` completes "The server is at
/// its limit of".
http::problem overload(std::chrono::milliseconds retry_after, std::string_view limit);

}  // namespace fairlead::limits
