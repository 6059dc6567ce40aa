#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/accepted_socket.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fairlead::net {

/// Options of the listening socket; accepted sockets inherit TCP_NODELAY and the congestion control.
struct listener_options {
    int backlog = 4096;  ///< above the connection limit: deferred connections wait here, uncounted
    bool defer_accept =
        true;  ///< TCP_DEFER_ACCEPT 1: a client that says nothing is accepted after about a second
    /// An algorithm of the kernel, "system" for its default, or "auto": the default, but on a loopback
    /// address none that paces. There a timer for each segment costs more than sending it, and there is no
    /// queue to spare (measured: a third of the CPU of 1 MiB, half of 100 MiB).
    std::string congestion_control = "auto";
};

/// One bound and listening TCP socket, and the loop that accepts from it.
class listener {
public:
    /// Called for each accepted socket (close-on-exec), by `run()` and by `stop()`.
    using accept_handler = std::function<void(accepted_socket&&)>;
    /// Called when accept, or what is done with a socket, fails for lack of descriptors or memory, before the
    /// loop pauses.
    using shortage_handler = std::function<void(int error)>;

    /// Binds `host` (an address, a name, `*` or empty for every address of both families) to `port` (0: any).
    /// Throws std::system_error that says what could not be bound, and why.
    listener(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
             const listener_options& options, accept_handler on_accept, shortage_handler on_shortage);

    /// Accepts until `stop()`, then closes the socket. Never ends because of an error: a shortage pauses it
    /// for 100 ms, and costs the one connection for which there was no memory.
    task<> run();
    /// Takes what is in the queue, and stops accepting. From any thread, once.
    void stop();

    /// Where it listens, as `127.0.0.1:8080` or `[::1]:8080`; also after `stop()`.
    const std::string& local_endpoint() const noexcept { return local_endpoint_; }

private:
    enum class turn { empty, more, shortage };
    turn accept_batch();

    const accept_handler on_accept_;
    const shortage_handler on_shortage_;
    boost::asio::posix::basic_stream_descriptor<executor> socket_;
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, executor>
        pause_;
    std::string local_endpoint_;
    const int most_waiting_;  // connections in the queue
    bool is_paced_;           // what accepted sockets inherit
    std::atomic<bool> is_stopped_{false};
};

}  // namespace fairlead::net
