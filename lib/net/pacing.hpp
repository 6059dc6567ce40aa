#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string_view>

/// Congestion control that sends by timers, one for each segment or so.
namespace fairlead::net {

/// True when that of `socket` does.
inline bool is_paced(int socket) noexcept {
    char name[16] = {};  // TCP_CA_NAME_MAX
    socklen_t length = sizeof name;
    return ::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, &length) == 0 &&
           std::string_view(name).starts_with("bbr");
}

/// Makes it one that does not: for loopback, where there is no queue that timers could spare.
inline void stop_pacing(int socket) noexcept {
    constexpr std::string_view name = "reno";  // built into every kernel
    if (is_paced(socket)) ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), name.size());
}

/// True for 127.0.0.0/8 and ::1.
inline bool is_loopback(const sockaddr& address) noexcept {
    if (address.sa_family == AF_INET)
        return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
    return address.sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

}  // namespace fairlead::net
