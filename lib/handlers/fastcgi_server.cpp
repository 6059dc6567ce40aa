#include "handlers/fastcgi_server.hpp"

#include "base/text.hpp"
#include "net/byte_stream.hpp"
#include "net/resolver.hpp"

#include <algorithm>
#include <array>

namespace fairlead::handlers {
namespace {

constexpr std::string_view unix_prefix = "unix:";

/// Every address of "host:port"; blocks.
std::vector<net::socket_address> find_addresses(std::string_view name) {
    const auto colon = name.rfind(':');
    const auto port = colon == std::string_view::npos ? std::nullopt : parse_decimal(name.substr(colon + 1));
    if (!port || *port > 65'535) return {};
    auto host = std::string(name.substr(0, colon));
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    const auto addresses = net::resolver::ask_system(host);
    std::vector<net::socket_address> found;
    if (!addresses) return found;
    for (const auto& one : *addresses)
        found.push_back(net::socket_address::tcp(one, static_cast<std::uint16_t>(*port)));
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

fastcgi_server::unanswered::unanswered(fastcgi_server& server) : server_(&server) {
    const std::lock_guard guard(server.mutex_);
    number_ = server.unanswered_.began(clock::now());
}

void fastcgi_server::answered(unanswered_connections::number which) {
    const std::lock_guard guard(mutex_);
    unanswered_.answered(which);
}

void fastcgi_server::ended(unanswered_connections::number which) {
    const std::lock_guard guard(mutex_);
    unanswered_.ended(which);
}

/// True when a connection lies in the listen queue, as far as can be seen.
bool fastcgi_server::is_queued(clock::time_point now) const {
    const auto since = unanswered_.queued_since();
    return since && now - *since >= queues_after;
}

/// True when the process behind a connection is needed for another one. What is taken for a slow script may
/// be queued all the same, with several servers behind one address: it gets a chance now and then.
bool fastcgi_server::has_to_make_room(clock::time_point now) {
    if (is_queued(now)) return true;
    const auto since = unanswered_.unanswered_since();
    if (!since || now - *since < queues_after || now - made_room_ < room_interval) return false;
    made_room_ = now;
    return true;
}

/// How long a connection is kept as things are.
std::chrono::milliseconds fastcgi_server::kept_now(clock::time_point now) const {
    if (is_queued(now)) return std::chrono::milliseconds{0};
    const auto since = unanswered_.unanswered_since();
    return since && now - *since >= queues_after ? room_interval : std::chrono::milliseconds{kept_for};
}

void fastcgi_server::keep(std::unique_ptr<net::plain_stream> connection, std::size_t most,
                          clock::time_point now) {
    std::unique_ptr<net::plain_stream> oldest;  // closed after the lock
    const std::lock_guard guard(mutex_);
    if (has_to_make_room(now)) {
        oldest = std::move(connection);
        return;
    }
    kept_.push_back({std::move(connection), now});
    if (kept_.size() <= most) return;
    oldest = std::move(kept_.front().stream);
    kept_.erase(kept_.begin());
}

void fastcgi_server::let_go_unused(clock::time_point now) {
    std::vector<kept_connection> gone;
    const std::lock_guard guard(mutex_);
    const auto first =
        std::find_if(kept_.begin(), kept_.end(),
                     [&, longest = kept_now(now)](const auto& one) { return now - one.since < longest; });
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
