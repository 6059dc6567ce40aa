#pragma once

#include "base/error.hpp"
#include "base/ip_address.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

namespace fairlead::net {

/// Where a stream connects to: an IP address and a port, or the path of a unix socket.
class socket_address {
public:
    static socket_address tcp(const ip_address& address, std::uint16_t port) noexcept;
    /// The unix socket at `path`. Errors: ENOENT for an empty path, EINVAL for a zero byte in it,
    /// ENAMETOOLONG for more than 107 bytes (unix(7)).
    static result<socket_address> unix_socket(std::string_view path) noexcept;

    int family() const noexcept { return storage_.ss_family; }
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const noexcept { return size_; }

private:
    socket_address() = default;
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

}  // namespace fairlead::net
