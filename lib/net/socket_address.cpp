#include "net/socket_address.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace fairlead::net {

socket_address socket_address::tcp(const std::array<std::uint8_t, 16>& address, std::uint16_t port) noexcept {
    socket_address made;
    in6_addr bytes;
    std::memcpy(&bytes, address.data(), sizeof bytes);
    if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.data() + 12, sizeof v4.sin_addr);
        std::memcpy(&made.storage_, &v4, sizeof v4);
        made.size_ = sizeof v4;
        return made;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = bytes;
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
