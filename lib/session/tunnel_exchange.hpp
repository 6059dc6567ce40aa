#pragma once

#include "http/message.hpp"
#include "net/byte_stream.hpp"
#include "session/environment.hpp"
#include "session/watch.hpp"

#include <string>

namespace fairlead::session {

/// What follows an answer that opens a tunnel: its head, then the bytes of both sides until the end, which is
/// counted and logged. `early` is what the client sent behind its request. The connection is no HTTP any
/// more, and has to be closed. All that is referred to outlives the task; `request` is views into what does.
task<> serve_tunnel(net::byte_stream& client, watch& deadline, const environment& shared,
                    const http::request& request, http::response answer, std::string early);

}  // namespace fairlead::session
