#include "session/tunnel.hpp"

#include "base/event.hpp"
#include "base/pause.hpp"
#include "base/release.hpp"
#include "session/file_transfer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>

namespace fairlead::session {
namespace {

// What is copied at a time. Who fills it moves so much that a pipe pays.
constexpr std::size_t buffer_size = 16 * 1024;

// A direction that waits for its rate reads nothing, and so does not see by itself that the tunnel has ended.
constexpr std::chrono::milliseconds longest_sleep{100};

std::span<char> buffer_of_this_thread() {
    thread_local std::array<char, buffer_size> buffer;
    return buffer;
}

/// Ends the destination together with the client for as long as it lives.
class pairing {
public:
    pairing(watch& deadline, net::byte_stream& other) : deadline_(deadline) { deadline_.pair_with(&other); }
    ~pairing() { deadline_.pair_with(nullptr); }
    pairing(const pairing&) = delete;
    pairing& operator=(const pairing&) = delete;

private:
    watch& deadline_;
};

}  // namespace

std::string_view tunnel::text_of(end why) noexcept {
    switch (why) {
        case end::running:
        case end::finished: return "finished";
        case end::by_client: return "reset by the client";
        case end::by_destination: return "reset by the destination";
        case end::idle: return "connect.idle_timeout";
        case end::ahead: return "rate.bytes";
        case end::too_long: return "connect.max_time";
        case end::too_much: return "connect.max_bytes";
        case end::stopped: return "server stopped";
        case end::failed: break;
    }
    return "failed";
}

tunnel::tunnel(net::byte_stream& client, const net::opened_tunnel& way, watch& deadline,
               const std::atomic<bool>& is_draining, const http::rate_account& account)
    : way_(way),
      client_(client),
      destination_(*way.destination),
      deadline_(deadline),
      is_draining_(is_draining),
      meter_(account.meter),
      metered_client_(account.client),
      life_end_(way.max_time.count() > 0 ? watch::clock::now() + way.max_time
                                         : watch::clock::time_point::max()),
      up_{.from = client_,
          .to = destination_,
          .from_failed = end::by_client,
          .to_failed = end::by_destination},
      down_{.from = destination_,
            .to = client_,
            .from_failed = end::by_destination,
            .to_failed = end::by_client} {}

task<tunnel::report> tunnel::run(std::string head, std::string early) {
    const auto head_size = head.size();
    down_.held = std::move(head);
    up_.held = std::move(early);
    unlimited_ = down_.free = head_size;
    deadline_.enter(watch::phase::tunnel, std::min(life_end_, watch::clock::now() + way_.idle_timeout));
    const pairing together(deadline_, destination_);
    if (client_.prepare_to_share() || destination_.prepare_to_share()) co_return report{};
    event down_is_done;
    auto down_ended = down_is_done.wait();
    const auto here = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(here, pump(down_), [this, &down_is_done](std::exception_ptr thrown) {
        if (thrown) cut(end::failed);
        down_is_done.set();
    });
    // The child refers to this frame: nothing may leave it before the child is done.
    try {
        co_await pump(up_);
    } catch (...) {
        cut(end::failed);
    }
    co_await std::move(down_ended);
    give_pipe_back(up_);
    give_pipe_back(down_);
    deadline_.enter(watch::phase::working);
    const auto why = why_.load();
    co_return report{why == end::running ? end::finished : why, moved_up_,
                     moved_down_ - std::min<std::uint64_t>(moved_down_, head_size)};
}

task<> tunnel::pump(direction& way) {
    for (;;) {
        const auto before = moved_.load(std::memory_order_relaxed);
        const auto what = advance(way);
        settle(way);
        if (what == next::done) co_return;
        if (moved_.load(std::memory_order_relaxed) != before && !touch()) co_return;
        // A wait for room returns in a moment when there is some, so that others have a turn.
        const bool reads = what != next::wait_writable;
        auto& stream = reads ? way.from : way.to;
        const auto failed = co_await stream.wait(reads ? net::readiness::readable : net::readiness::writable);
        if (failed) cut(end::failed);
        // Who has nothing to move needs no room, so what is to be moved has come before.
        if (what == next::pause && why_.load(std::memory_order_relaxed) == end::running) co_await sleep(way);
        if (why_.load(std::memory_order_relaxed) != end::running) co_return;
    }
}

/// Moves what can be moved without waiting, up to one turn.
tunnel::next tunnel::advance(direction& way) {
    way.in_turn = 0;
    way.granted = 0;
    while (way.in_turn < file_transfer::turn_size) {
        const auto sent = send_held(way);
        if (sent != next::go_on) return sent;
        if (way.has_ended) {
            way.to.shutdown_send();
            return next::done;
        }
        const auto fetched = fetch(way);
        if (fetched != next::go_on) return fetched;
    }
    return next::wait_writable;
}

tunnel::next tunnel::send_held(direction& way) {
    while (way.in_pipe > 0) {
        const auto sent = way.to.send_pipe_now(way.pipe->out.get(), way.in_pipe);
        if (!sent) return net::would_block(sent.error()) ? next::wait_writable : cut(way.to_failed, way);
        way.in_pipe -= *sent;
        count(way, *sent);
    }
    while (way.held_sent < way.held.size()) {
        const iovec piece{way.held.data() + way.held_sent, way.held.size() - way.held_sent};
        const auto sent = way.to.write_now({&piece, 1});
        if (!sent) return net::would_block(sent.error()) ? next::wait_writable : cut(way.to_failed, way);
        way.held_sent += *sent;
        count(way, *sent);
    }
    if (!way.held.empty()) release(way.held);
    way.held_sent = 0;
    return next::go_on;
}

tunnel::next tunnel::fetch(direction& way) {
    auto most = allowance();
    if (most == 0) return cut(end::too_much, way);
    if (!has_room(way)) {
        give_pipe_back(way);
        return next::pause;
    }
    if (meter_) most = std::min<std::uint64_t>(most, way.granted - way.uncharged);
    if (way.is_bulk && !way.pipe) way.pipe = way_.pipes->take();
    return way.pipe ? fetch_by_pipe(way, most) : fetch_by_copy(way, most);
}

tunnel::next tunnel::fetch_by_copy(direction& way, std::size_t most) {
    auto buffer = buffer_of_this_thread();
    const auto got = way.from.read_now(buffer.first(std::min(most, buffer.size())));
    if (!got) return net::would_block(got.error()) ? next::wait_readable : cut(way.from_failed, way);
    if (*got == 0) return end_of(way);
    way.is_bulk = *got == buffer.size() && way_.pipes && way.from.can_splice() && way.to.can_splice();
    const iovec piece{buffer.data(), *got};
    const auto sent = way.to.write_now({&piece, 1});
    if (!sent && !net::would_block(sent.error())) return cut(way.to_failed, way);
    const auto taken = sent ? *sent : 0;
    count(way, taken);
    way.held.assign(buffer.data() + taken, *got - taken);
    return next::go_on;
}

tunnel::next tunnel::fetch_by_pipe(direction& way, std::size_t most) {
    const auto got = way.from.fill_pipe_now(way.pipe->in.get(), std::min(most, net::splice_pipes::capacity));
    if (got && *got > 0) {
        way.in_pipe = *got;
        return next::go_on;
    }
    give_pipe_back(way);
    if (got) return end_of(way);
    if (!net::would_block(got.error())) return cut(way.from_failed, way);
    way.is_bulk = way.in_turn >= buffer_size;
    return next::wait_readable;
}

/// `from` has ended, or was ended by the sweeper.
tunnel::next tunnel::end_of(direction& way) {
    if (deadline_.has_expired() || why_.load(std::memory_order_relaxed) != end::running)
        return cut(way.from_failed, way);
    way.has_ended = true;
    return next::go_on;
}

tunnel::next tunnel::cut(end why, direction& way) noexcept {
    give_pipe_back(way);
    cut(why);
    return next::done;
}

void tunnel::cut(end why) noexcept {
    // The sweeper's deadlines are whole milliseconds, the fraction cut off.
    const auto is_old = watch::clock::now() + std::chrono::milliseconds(1) >= life_end_;
    const bool is_ahead = asleep_.load(std::memory_order_relaxed) > 0;
    if (deadline_.has_expired())
        why = is_old ? end::too_long : (is_ahead ? end::ahead : end::idle);
    else if (is_draining_.load(std::memory_order_relaxed) && why != end::too_much)
        why = end::stopped;
    auto none = end::running;
    if (!why_.compare_exchange_strong(none, why)) return;
    client_.abort(net::byte_stream::abort_by_reset);
    destination_.abort(net::byte_stream::abort_by_reset);
}

void tunnel::count(direction& way, std::size_t moved) noexcept {
    const auto free = std::min<std::uint64_t>(way.free, moved);
    way.free -= free;
    way.uncharged += moved - free;
    way.in_turn += moved;
    (&way == &up_ ? moved_up_ : moved_down_) += moved;
    moved_.fetch_add(moved, std::memory_order_relaxed);
}

/// Bytes that may still be moved.
std::size_t tunnel::allowance() const noexcept {
    if (way_.max_bytes == 0) return std::numeric_limits<std::size_t>::max();
    const auto moved = moved_.load(std::memory_order_relaxed);
    const auto most = way_.max_bytes + unlimited_;
    return moved < most ? most - moved : 0;
}

/// Whether the rate lets bytes be read. A turn asks when it begins, and when it has used up what it got.
bool tunnel::has_room(direction& way) noexcept {
    if (!meter_) return true;
    if (way.granted > way.uncharged) return true;
    settle(way);
    const auto room = meter_->room_of(metered_client_, watch::clock::now());
    way.granted = std::min<std::uint64_t>(room.bytes, file_transfer::turn_size);
    way.pause = room.wait;
    return way.granted > 0;
}

/// Charges what has gone.
void tunnel::settle(direction& way) noexcept {
    if (meter_ && way.uncharged > 0) meter_->charge(metered_client_, way.uncharged, watch::clock::now());
    way.granted -= std::min(way.granted, way.uncharged);
    way.uncharged = 0;
}

/// Waits for room, and meanwhile looks whether somebody has ended the tunnel.
task<> tunnel::sleep(direction& way) {
    asleep_.fetch_add(1, std::memory_order_relaxed);
    co_await pause_for(std::min<std::chrono::nanoseconds>(way.pause, longest_sleep));
    if (deadline_.has_expired())
        cut(end::ahead);
    else if (way.to.has_left())
        cut(way.to_failed);
    asleep_.fetch_sub(1, std::memory_order_relaxed);
}

void tunnel::give_pipe_back(direction& way) noexcept {
    if (!way.pipe) return;
    way_.pipes->give_back(std::move(*way.pipe), way.in_pipe == 0);
    way.pipe.reset();
    way.in_pipe = 0;
}

/// Something moved: the idle time begins anew. False: it was too late.
bool tunnel::touch() {
    if (deadline_.prolong(std::min(life_end_, watch::clock::now() + way_.idle_timeout))) return true;
    cut(end::idle);
    return false;
}

}  // namespace fairlead::session
