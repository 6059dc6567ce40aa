#include "handlers/fastcgi_server.hpp"

#include "net/byte_stream.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace fairlead::handlers {
namespace {

constexpr std::string_view unix_prefix = "unix:";

/// The 16 bytes of an IPv6 address; an IPv4 address in its mapped form.
std::array<std::uint8_t, 16> bytes_of(const addrinfo& found) noexcept {
    std::array<std::uint8_t, 16> bytes{};
    if (found.ai_family == AF_INET) {
        bytes[10] = bytes[11] = 0xFF;
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(*found.ai_addr);
        std::memcpy(bytes.data() + 12, &v4.sin_addr, sizeof v4.sin_addr);
    } else {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(*found.ai_addr);
        std::memcpy(bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    }
    return bytes;
}

/// Every address of "host:port"; blocks.
std::vector<net::socket_address> find_addresses(std::string_view name) {
    std::vector<net::socket_address> found;
    const auto colon = name.rfind(':');
    if (colon == std::string_view::npos) return found;
    auto host = std::string(name.substr(0, colon));
    const std::string port(name.substr(colon + 1));
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return found;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
    for (const auto* one = list; one; one = one->ai_next) {
        if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
        const auto number = static_cast<std::uint16_t>(std::stoul(port));
        found.push_back(net::socket_address::tcp(bytes_of(*one), number));
    }
    return found;
}

/// True when the server has neither closed the connection nor sent anything.
bool is_quiet(net::plain_stream& connection) {
    std::array<char, 1> nothing;
    const auto got = connection.read_now(nothing);
    return !got && net::would_block(got.error());
}

}  // namespace

fastcgi_server::fastcgi_server(std::string name) : name_(std::move(name)) {
    if (!is_unix()) return;
    if (const auto path =
            net::socket_address::unix_socket(std::string_view(name_).substr(unix_prefix.size())))
        addresses_.push_back(*path);
    has_to_look_up_ = false;
}

bool fastcgi_server::is_unix() const noexcept { return name_.starts_with(unix_prefix); }

std::vector<net::socket_address> fastcgi_server::addresses() const {
    const std::lock_guard guard(mutex_);
    return addresses_;
}

bool fastcgi_server::look_up() {
    if (!has_to_look_up_.exchange(false)) return true;
    auto found = find_addresses(name_);
    if (found.empty()) {
        has_to_look_up_ = true;
        return false;
    }
    const std::lock_guard guard(mutex_);
    addresses_ = std::move(found);
    return true;
}

std::unique_ptr<net::plain_stream> fastcgi_server::take_kept(bool must_be_open, clock::time_point now) {
    for (;;) {
        kept_connection one;
        {
            const std::lock_guard guard(mutex_);
            if (kept_.empty()) return nullptr;
            one = std::move(kept_.back());
            kept_.pop_back();
        }
        if (!must_be_open) return std::move(one.stream);
        if (!is_quiet(*one.stream)) continue;
        // The process behind one that is let go now is free to take the connection that is made in its place.
        return now - one.since < settles_within ? nullptr : std::move(one.stream);
    }
}

void fastcgi_server::keep(std::unique_ptr<net::plain_stream> connection, std::size_t most,
                          clock::time_point now) {
    std::unique_ptr<net::plain_stream> oldest;  // closed after the lock
    const std::lock_guard guard(mutex_);
    kept_.push_back({std::move(connection), now});
    if (kept_.size() <= most) return;
    oldest = std::move(kept_.front().stream);
    kept_.erase(kept_.begin());
}

void fastcgi_server::let_go_unused(clock::time_point now) {
    std::vector<kept_connection> gone;
    const std::lock_guard guard(mutex_);
    const auto first =
        std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return now - one.since < kept_for; });
    gone.assign(std::make_move_iterator(kept_.begin()), std::make_move_iterator(first));
    kept_.erase(kept_.begin(), first);
}

std::size_t fastcgi_server::kept() const {
    const std::lock_guard guard(mutex_);
    return kept_.size();
}

void fastcgi_server::was_reached() noexcept {
    if (left_out_until_.load(std::memory_order_relaxed) == clock::time_point{}) return;
    const std::lock_guard guard(mutex_);
    pause_ = std::chrono::seconds{0};
    left_out_until_ = clock::time_point{};
}

std::chrono::seconds fastcgi_server::was_not_reached(clock::time_point now) {
    const std::lock_guard guard(mutex_);
    // Requests that were under way together have seen the same failure.
    if (is_left_out(now)) return pause_;
    pause_ = std::clamp(2 * pause_, least_pause, most_pause);
    left_out_until_ = now + pause_;
    has_to_look_up_ = !is_unix();
    return pause_;
}

}  // namespace fairlead::handlers
