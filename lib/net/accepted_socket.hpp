#pragma once

#include "base/unique_fd.hpp"

#include <sys/socket.h>

namespace fairlead::net {

/// What a listener hands over: a connected, non-blocking socket.
struct accepted_socket {
    unique_fd fd;
    sockaddr_storage peer{};
    bool is_paced = false;  ///< the kernel spreads what is sent in time by timers (bbr)
};

}  // namespace fairlead::net
