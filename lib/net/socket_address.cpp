#include "net/socket_address.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace fairlead::net {

socket_address socket_address::tcp(const ip_address& address, std::uint16_t port) noexcept {
    socket_address made;
    const auto* const bytes = address.bytes().data();
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, bytes + 12, sizeof v4.sin_addr);
        std::memcpy(&made.storage_, &v4, sizeof v4);
        made.size_ = sizeof v4;
        return made;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, bytes, sizeof v6.sin6_addr);
    std::memcpy(&made.storage_, &v6, sizeof v6);
    made.size_ = sizeof v6;
    return made;
}

result<socket_address> socket_address::unix_socket(std::string_view path) noexcept {
    sockaddr_un where{};
    if (path.empty()) return errno_code(ENOENT);
    // A zero byte in front would name an abstract socket, and elsewhere cut the path short.
    if (path.find('\0') != std::string_view::npos) return errno_code(EINVAL);
    if (path.size() >= sizeof where.sun_path) return errno_code(ENAMETOOLONG);
    where.sun_family = AF_UNIX;
    path.copy(where.sun_path, path.size());
    socket_address made;
    std::memcpy(&made.storage_, &where, sizeof where);
    made.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return made;
}

}  // namespace fairlead::net
