#include "healthcheck.hpp"

#include "base/unique_fd.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fairlead::app {
namespace {

constexpr timeval patience{3, 0};

int fail(const std::string& what, const char* why) {
    std::fprintf(stderr, "healthcheck: %s: %s\n", what.c_str(), why);
    return 1;
}

}  // namespace

int check_health(const std::string& host, std::uint16_t port, const std::string& path) {
    const auto where =
        (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
        return fail(where, ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);

    const unique_fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail(where, std::strerror(errno));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // also limits connect()
    if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0)
        return fail(where, std::strerror(errno));

    const auto request = "GET " + path + " HTTP/1.1\r\nHost: " + where + "\r\nConnection: close\r\n\r\n";
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        return fail(where, std::strerror(errno));
    std::string answer;
    char piece[512];
    while (answer.find("\r\n") == std::string::npos && answer.size() < 4096) {
        const auto n = ::recv(socket.get(), piece, sizeof piece, 0);
        if (n < 0) return fail(where, std::strerror(errno));
        if (n == 0) break;
        answer.append(piece, static_cast<std::size_t>(n));
    }
    const auto line = answer.substr(0, answer.find("\r\n"));
    if (line.starts_with("HTTP/1.1 200 ")) return 0;
    return fail(where + path, line.empty() ? "no answer" : line.c_str());
}

}  // namespace fairlead::app
