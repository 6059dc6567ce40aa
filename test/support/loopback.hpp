#pragma once

#include "net/accepted_socket.hpp"
#include "support/answers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fairlead::test {

[[noreturn]] inline void fail_with_errno(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

/// A blocking TCP client of this machine, or one end of a pair. Every call fails after ten seconds, so that
/// no test hangs.
class client {
public:
    /// Takes over a connected, blocking socket.
    explicit client(unique_fd connected) : socket_(std::move(connected)) { limit_patience(); }
    /// `host`: the last byte of 127.0.0.x.
    explicit client(std::uint16_t port, int receive_buffer = 0, unsigned host = 1)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        limit_patience();
        const int at_once = 1;
        ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        if (receive_buffer > 0)
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_port = htons(port);
        where.sin_addr.s_addr = htonl(0x7f000000 + host);
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
            fail_with_errno("connect");
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0) fail_with_errno("send");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// Some bytes; none at the end of the stream. Throws std::system_error for a reset, and after ten
    /// seconds.
    std::string receive_some(std::size_t most = 64 * 1024) {
        std::string piece(most, '\0');
        const auto n = ::recv(socket_.get(), piece.data(), piece.size(), 0);
        if (n < 0) fail_with_errno("recv");
        piece.resize(static_cast<std::size_t>(n));
        return piece;
    }

    /// Everything up to the end of the stream.
    std::string receive_all() {
        auto all = std::exchange(early_, {});
        for (auto piece = receive_some(); !piece.empty(); piece = receive_some()) all += piece;
        return all;
    }

    /// The next answer; bytes behind it stay for the next call.
    answer receive_answer(bool to_head = false) {
        for (;;) {
            answer next;
            std::string_view bytes = early_;
            if (take_answer(bytes, next, to_head)) {
                early_ = std::string(bytes);
                return next;
            }
            const auto piece = receive_some();
            if (piece.empty()) throw std::runtime_error("the stream ended within an answer: " + early_);
            early_ += piece;
        }
    }

    answer ask(std::string_view request) {
        send(request);
        return receive_answer();
    }

    /// Sends FIN.
    void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }
    /// Closes with a reset.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.reset();
    }
    void close() { socket_.reset(); }
    int descriptor() const noexcept { return socket_.get(); }

private:
    void limit_patience() {
        const timeval patience{10, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }

    unique_fd socket_;
    std::string early_;
};

/// A listening socket of the test itself: connections of which both ends are at hand.
class loopback_listener {
public:
    explicit loopback_listener(bool with_inq = true)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = with_inq;
        ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_INQ, &on, sizeof on);
        const int at_once = 1;
        ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
            fail_with_errno("bind");
        if (::listen(socket_.get(), 128) != 0) fail_with_errno("listen");
        socklen_t size = sizeof where;
        if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&where), &size) != 0)
            fail_with_errno("getsockname");
        port_ = ntohs(where.sin_port);
    }

    std::uint16_t port() const noexcept { return port_; }
    /// The server's end of the next connection: non-blocking.
    net::accepted_socket accept() {
        net::accepted_socket socket;
        socket.fd = unique_fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket.fd) fail_with_errno("accept");
        return socket;
    }

private:
    unique_fd socket_;
    std::uint16_t port_ = 0;
};

}  // namespace fairlead::test
