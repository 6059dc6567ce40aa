#include "session/connection.hpp"

#include <netinet/in.h>
#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace fairlead::session {
namespace {

// How long, and for how many bytes, a client that is still sending is listened to after its answer, so that
// it can read it (RFC 9112 section 9.6).
constexpr std::chrono::seconds linger_time{5};
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;

/// The address without port; an IPv4-mapped IPv6 address as IPv4, so that logs and rules see one form.
http::peer_info describe(const sockaddr_storage& peer, std::span<char, ip_address::max_text> text) {
    http::peer_info info;
    info.ip = ip_address::from(peer);
    info.address = info.ip.write_to(text);
    info.port = ntohs(peer.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(peer).sin_port
                                                : reinterpret_cast<const sockaddr_in6&>(peer).sin6_port);
    return info;
}

}  // namespace

connection::connection(boost::asio::io_context& context, net::accepted_socket&& socket,
                       limits::connection_limit::slot slot, limits::address_limit::place place,
                       const environment& shared)
    : shared_(shared),
      slot_(std::move(slot)),
      place_(std::move(place)),
      stream_(context, std::move(socket)),
      deadline_(shared.watches, stream_),
      peer_(describe(socket.peer, peer_text_)) {
    const bool is_full = slot_.verdict() == limits::admission::shed;
    if (is_full || place_.verdict() == limits::admission::shed)
        shed_ = std::make_unique<shed_session>(
            stream_, shared, deadline_, peer_,
            is_full ? shed_session::limit::all_connections : shed_session::limit::those_of_address,
            !shared.connections.is_nearly_full());
    else
        session_.emplace(stream_, shared, deadline_, peer_);
}

void connection::start(boost::asio::io_context& context, net::accepted_socket&& socket,
                       const environment& shared) {
    auto slot = shared.connections.enter();
    if (slot.verdict() == limits::admission::refused) {
        shared.metrics.connection_rejected(telemetry::reject_reason::hard_limit);
        return;
    }
    auto place = shared.addresses.enter(ip_address::from(socket.peer));
    if (place.verdict() == limits::admission::refused) {
        shared.metrics.connection_rejected(telemetry::reject_reason::address_limit);
        return;
    }
    shared.metrics.connection_accepted();
    auto self =
        std::make_unique<connection>(context, std::move(socket), std::move(slot), std::move(place), shared);
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
