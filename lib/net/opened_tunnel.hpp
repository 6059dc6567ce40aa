#pragma once

#include "net/byte_stream.hpp"
#include "net/splice_pipes.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::net {

/// A connection that a client is to be joined with, and how much of it there may be.
struct opened_tunnel {
    std::unique_ptr<byte_stream> destination;
    std::string name;                        ///< for the log: "example.org:443 (192.0.2.7)"
    std::chrono::milliseconds idle_timeout;  ///< no byte in either direction for this long
    std::chrono::milliseconds max_time;      ///< 0: no limit
    std::uint64_t max_bytes;                 ///< of both directions together; 0: no limit
    splice_pipes* pipes = nullptr;           ///< nullptr: bytes are copied
    std::shared_ptr<void> place;             ///< whatever is counted as long as the tunnel stands
};

}  // namespace fairlead::net
