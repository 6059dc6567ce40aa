#pragma once

#include "http/problem.hpp"

#include <chrono>

namespace fairlead::limits {

/// The refusal of a server that is at a limit: 503 with `Retry-After` of at least `retry_after` and up to 40
/// % more (whole seconds), so that a crowd does not come back at once. `limit` completes "The server is at
/// its limit of".
http::problem overload(std::chrono::milliseconds retry_after, std::string_view limit);

/// The refusal of a client that has as many connections as one may have: 429 with `Retry-After` as above.
http::problem too_many_connections(std::chrono::milliseconds retry_after);

}  // namespace fairlead::limits
