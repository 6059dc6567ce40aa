#include "session/connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <boost/asio/co_spawn.hpp>

#include <charconv>
#include <cstring>
#include <exception>

namespace fairlead::session {
namespace {

// How long, and for how many bytes, a client that is still sending is listened to after its answer, so that
// it can read it (RFC 9112 section 9.6).
constexpr std::chrono::seconds linger_time{5};
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;

/// `a.b.c.d`, terminated; inet_ntop() goes through snprintf, which costs more than parsing the request.
void write_ipv4(const std::uint8_t (&bytes)[4], char* out) {
    for (int i = 0; i < 4; ++i) {
        out = std::to_chars(out, out + 3, bytes[i]).ptr;
        *out++ = i < 3 ? '.' : '\0';
    }
}

/// The textual address without port; an IPv4-mapped IPv6 address as IPv4, so that logs and rules see one
/// form.
http::peer_info describe(const sockaddr_storage& peer, std::span<char> text) {
    http::peer_info info;
    std::uint8_t bytes[4];
    if (peer.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
        std::memcpy(bytes, &v4.sin_addr, sizeof bytes);
        write_ipv4(bytes, text.data());
        info.port = ntohs(v4.sin_port);
    } else {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            std::memcpy(bytes, v6.sin6_addr.s6_addr + 12, sizeof bytes);
            write_ipv4(bytes, text.data());
        } else {
            ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), static_cast<socklen_t>(text.size()));
        }
        info.port = ntohs(v6.sin6_port);
    }
    info.address = text.data();
    return info;
}

}  // namespace

connection::connection(boost::asio::io_context& context, net::accepted_socket&& socket,
                       limits::connection_limit::slot slot, const environment& shared)
    : shared_(shared),
      slot_(std::move(slot)),
      stream_(context, std::move(socket)),
      deadline_(shared.watches, stream_),
      peer_(describe(socket.peer, peer_text_)) {
    if (slot_.verdict() == limits::connection_limit::verdict::shed)
        shed_ = std::make_unique<shed_session>(stream_, shared, deadline_, peer_,
                                               !shared.connections.is_nearly_full());
    else
        session_.emplace(stream_, shared, deadline_, peer_);
}

void connection::start(boost::asio::io_context& context, net::accepted_socket&& socket,
                       const environment& shared) {
    auto slot = shared.connections.enter();
    if (slot.verdict() == limits::connection_limit::verdict::refused) {
        shared.metrics.connection_rejected(telemetry::reject_reason::hard_limit);
        return;
    }
    shared.metrics.connection_accepted();
    auto self = std::make_unique<connection>(context, std::move(socket), std::move(slot), shared);
    const auto next = self->session_ ? self->session_->serve_ready() : self->shed_->serve_ready();
    if (next == step::leave) return;
    auto& log = shared.log;
    boost::asio::co_spawn(context.get_executor(), run(std::move(self), next),
                          [&log](std::exception_ptr failure) {
                              if (!failure) return;
                              try {
                                  std::rethrow_exception(failure);
                              } catch (const std::exception& error) {
                                  log.error("connection ended by an exception: {}", error.what());
                              }
                          });
}

task<> connection::run(std::unique_ptr<connection> self, step next) {
    if (self->session_)
        next = co_await self->session_->run(next);
    else
        next = co_await self->shed_->run(next);
    if (next == step::linger) co_await self->linger();
}

/// Reads and throws away what is there. True when more may come.
bool connection::discard_input() {
    std::array<char, 16 * 1024> sink;
    for (;;) {
        const auto got = stream_.read_now(sink);
        if (!got) return net::would_block(got.error());
        lingered_ += *got;
        if (*got == 0 || lingered_ > linger_bytes) return false;
    }
}

task<> connection::linger() {
    stream_.shutdown_send();
    deadline_.enter(watch::phase::lingering, watch::clock::now() + linger_time);
    while (discard_input()) {
        const auto failed = co_await stream_.wait(net::readiness::readable);
        if (failed) co_return;
    }
}

}  // namespace fairlead::session
