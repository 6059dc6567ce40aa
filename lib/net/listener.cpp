#include "net/listener.hpp"

#include "net/pacing.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>

namespace fairlead::net {
namespace {

// Connections taken per wake-up before others have a turn.
constexpr int accepts_per_turn = 64;
constexpr std::chrono::milliseconds shortage_pause{100};

[[noreturn]] void fail(const std::string& where, const std::string& what, int error) {
    throw std::system_error(error, std::system_category(), "cannot listen on " + where + ": " + what);
}

void set_congestion_control(int socket, const addrinfo& address, const std::string& where,
                            const std::string& wanted) {
    if (wanted == "system") return;
    if (wanted == "auto") {
        if (is_loopback(*address.ai_addr)) stop_pacing(socket);
        return;
    }
    const auto length = static_cast<socklen_t>(wanted.size());
    if (::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, wanted.data(), length) == 0) return;
    const int error = errno;
    fail(where,
         "congestion_control \"" + wanted +
             "\" (see /proc/sys/net/ipv4/tcp_allowed_congestion_control for what is allowed)",
         error);
}

unique_fd bind_and_listen(const addrinfo& address, const std::string& where, bool dual_stack,
                          const listener_options& options) {
    unique_fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) fail(where, "socket", errno);
    const auto set = [&](int level, int name, int value) {
        return ::setsockopt(socket.get(), level, name, &value, sizeof value) == 0;
    };
    // A restarted server must not wait for old connections in TIME_WAIT.
    if (!set(SOL_SOCKET, SO_REUSEADDR, 1)) fail(where, "SO_REUSEADDR", errno);
    if (address.ai_family == AF_INET6 && !set(IPPROTO_IPV6, IPV6_V6ONLY, dual_stack ? 0 : 1))
        fail(where, "IPV6_V6ONLY", errno);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    // Each read then says whether it was the last one (plain_stream.cpp); accepted sockets inherit it.
    set(IPPROTO_TCP, TCP_INQ, 1);
    set_congestion_control(socket.get(), address, where, options.congestion_control);
    if (options.defer_accept) set(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
    if (::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0) fail(where, "bind", errno);
    if (::listen(socket.get(), options.backlog) != 0) fail(where, "listen", errno);
    return socket;
}

unique_fd open_socket(const std::string& host, std::uint16_t port, const listener_options& options) {
    const bool every = host.empty() || host == "*";
    const auto where =
        (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
    addrinfo hints{};
    hints.ai_family = every ? AF_INET6 : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failed =
        ::getaddrinfo(every ? "::" : host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failed != 0) throw std::runtime_error("cannot listen on " + where + ": " + ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    if (!every) return bind_and_listen(*found, where, false, options);
    try {
        return bind_and_listen(*found, where, true, options);
    } catch (const std::system_error& error) {
        // A kernel without IPv6 still has every IPv4 address.
        if (!is_errno(error.code(), EAFNOSUPPORT) && !is_errno(error.code(), EADDRNOTAVAIL)) throw;
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_port = htons(port);
        addrinfo v4{};
        v4.ai_family = AF_INET;
        v4.ai_addr = reinterpret_cast<sockaddr*>(&any);
        v4.ai_addrlen = sizeof any;
        return bind_and_listen(v4, where, false, options);
    }
}

/// `127.0.0.1:8080` or `[::1]:8080`.
std::string name_of(int socket) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length) != 0)
        throw std::system_error(errno, std::system_category(), "getsockname");
    char text[INET6_ADDRSTRLEN] = {};
    if (bound.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(bound);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(bound);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

}  // namespace

listener::listener(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
                   const listener_options& options, accept_handler on_accept, shortage_handler on_shortage)
    : on_accept_(std::move(on_accept)),
      on_shortage_(std::move(on_shortage)),
      socket_(context.get_executor()),
      pause_(context.get_executor()),
      most_waiting_(options.backlog) {
    auto socket = open_socket(host, port, options);
    local_endpoint_ = name_of(socket.get());
    is_paced_ = is_paced(socket.get());
    socket_.assign(socket.get());
    (void)socket.release();
}

/// Takes some of what is waiting; after a shortage the loop has to pause. What is done with a socket may need
/// memory, and one connection that got none must not end the loop.
listener::turn listener::accept_batch() try {
    for (int taken = 0; taken < accepts_per_turn; ++taken) {
        accepted_socket taken_in;
        socklen_t length = sizeof taken_in.peer;
        taken_in.fd =
            unique_fd(::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&taken_in.peer), &length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (taken_in.fd) {
            taken_in.is_paced = is_paced_;
            on_accept_(std::move(taken_in));
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINVAL) return turn::empty;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            on_shortage_(errno);
            return turn::shortage;
        }
        // Everything else concerns the one connection that has just gone (ECONNABORTED, network errors;
        // accept(2)).
    }
    return turn::more;
} catch (const std::bad_alloc&) {
    try {
        on_shortage_(ENOMEM);
    } catch (const std::bad_alloc&) {
        // Then nobody is told.
    }
    return turn::shortage;
}

task<> listener::run() {
    while (!is_stopped_) {
        const auto [failed] = co_await socket_.async_wait(decltype(socket_)::wait_read, as_result);
        if (failed || is_stopped_) break;
        if (accept_batch() != turn::shortage) continue;
        pause_.expires_after(shortage_pause);
        const auto [interrupted] = co_await pause_.async_wait(as_result);
        (void)interrupted;
    }
    error_code ignored;
    socket_.close(ignored);
}

void listener::stop() {
    // Who is in the queue was told that the connection stands: it is answered. Then shutdown() wakes the
    // loop, which closes the socket itself: closing it here would race with its wait. It may do so once
    // `is_stopped_` is set, so that comes last.
    for (int taken = 0; taken <= most_waiting_ && accept_batch() == turn::more; taken += accepts_per_turn) {
    }
    ::shutdown(socket_.native_handle(), SHUT_RDWR);
    is_stopped_ = true;
}

}  // namespace fairlead::net
