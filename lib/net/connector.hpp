#pragma once

#include "net/deadlines.hpp"
#include "net/plain_stream.hpp"
#include "net/socket_address.hpp"

#include <chrono>
#include <memory>

namespace fairlead::net {

/// Connects to `where` without blocking, on the executor of the awaiting coroutine. The stream is ready for
/// use; a TCP one has TCP_NODELAY. Errors: errc::timeout when it does not stand in time, abandoned when the
/// client has left, cancelled when the server stops; else the errno of connect(2) or socket(2). `failure_of`
/// tells them apart.
task<result<std::unique_ptr<plain_stream>>> connect(socket_address where, patience how_long);

/// Why there is no connection.
enum class connect_failure {
    refused,      ///< nobody listens there (ECONNREFUSED, ECONNRESET), or there is no such unix socket
    unreachable,  ///< no way leads there, or it is forbidden (EHOSTUNREACH, ENETUNREACH, EACCES, ...)
    timeout,      ///< no answer: before our deadline, or before the kernel gave up
    busy,         ///< the queue of a unix socket is full (EAGAIN): the server behind it does not keep up
    shortage,     ///< on our side: descriptors, memory or ports (EMFILE, ENFILE, ENOBUFS, ENOMEM,
                  ///< EADDRNOTAVAIL)
};
connect_failure failure_of(const error_code& error) noexcept;

}  // namespace fairlead::net
