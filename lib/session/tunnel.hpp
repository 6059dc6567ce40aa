#pragma once

#include "http/rate_account.hpp"
#include "net/opened_tunnel.hpp"
#include "session/watch.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::session {

/// Moves bytes between a client and a destination, both ways at once, until both have ended.
///
/// Two coroutines, one for each direction: the second is a child of `run`, which does not return before the
/// child has. They share the two streams, of which each reads one and writes the other, and say why it ended
/// by one atomic word. Whoever ends a tunnel early resets both streams, which wakes the other coroutine
/// wherever it waits.
///
/// A direction that has little to move copies it through a buffer of the thread; once it fills that buffer,
/// it moves by splice(2) through a pipe that is lent to it while there are bytes. So a tunnel that rests owns
/// neither.
///
/// Bytes are charged to the account of the request while they go. When its client is ahead of its rate, the
/// tunnel does not read until that is made up for, so both sides are slowed down as by a slow network. The
/// time of a pause is idle time: one that would be longer than `idle_timeout`, since the client has used up
/// its rate by other requests, ends the tunnel.
class tunnel {
public:
    enum class end : std::uint8_t {
        running,
        finished,        ///< both sides said that they were done
        by_client,       ///< the client reset the connection
        by_destination,  ///< the destination did
        idle,            ///< nothing moved for `idle_timeout`
        ahead,           ///< the same, since the client was ahead of its rate
        too_long,        ///< `max_time`
        too_much,        ///< `max_bytes`
        stopped,         ///< the server stops, and `drain_timeout` has passed
        failed,          ///< memory or descriptors ran out
    };
    static std::string_view text_of(end why) noexcept;

    struct report {
        end why = end::failed;
        std::uint64_t to_destination = 0;  ///< bytes that it took of the client's
        std::uint64_t to_client = 0;       ///< the head of the answer is not counted
    };

    /// All of them outlive the tunnel; `deadline` is that of `client`.
    tunnel(net::byte_stream& client, const net::opened_tunnel& way, watch& deadline,
           const std::atomic<bool>& is_draining, const http::rate_account& account = {});

    /// Sends `head` to the client and `early` to the destination, then whatever comes.
    task<report> run(std::string head, std::string early);

private:
    struct direction {
        net::byte_stream& from;
        net::byte_stream& to;
        end from_failed;
        end to_failed;
        std::string held;           // copied bytes that `to` did not take yet
        std::size_t held_sent = 0;  // of them
        std::optional<net::splice_pipes::pipe> pipe;
        std::size_t in_pipe = 0;  // bytes
        bool is_bulk = false;     // filled the buffer at its last turn
        bool has_ended = false;   // `from` has said so
        std::size_t in_turn = 0;  // bytes since others had a turn

        std::uint64_t free = 0;       // of the bytes to come, those that nobody is charged with: the head
        std::uint64_t uncharged = 0;  // bytes that have gone since they were charged last
        std::uint64_t granted = 0;    // bytes that the rate has room for in this turn
        std::chrono::nanoseconds pause{0};  // until there is room
    };
    enum class next { go_on, wait_readable, wait_writable, pause, done };

    task<> pump(direction& way);
    next advance(direction& way);
    next send_held(direction& way);
    next fetch(direction& way);
    next fetch_by_copy(direction& way, std::size_t most);
    next fetch_by_pipe(direction& way, std::size_t most);
    next end_of(direction& way);
    next cut(end why, direction& way) noexcept;
    void cut(end why) noexcept;
    void count(direction& way, std::size_t moved) noexcept;
    std::size_t allowance() const noexcept;
    bool has_room(direction& way) noexcept;
    void settle(direction& way) noexcept;
    task<> sleep(direction& way);
    void give_pipe_back(direction& way) noexcept;
    bool touch();

    const net::opened_tunnel& way_;
    net::byte_stream& client_;
    net::byte_stream& destination_;
    watch& deadline_;
    const std::atomic<bool>& is_draining_;
    const http::content_meter* const meter_;  // nullptr: there is no rate
    const std::uint64_t metered_client_;
    const watch::clock::time_point life_end_;
    direction up_;
    direction down_;
    std::atomic<std::uint64_t> moved_{0};  // both directions together, with the head of the answer
    std::uint64_t unlimited_ = 0;          // of them, those that do not count for `max_bytes`
    std::uint64_t moved_up_ = 0;
    std::uint64_t moved_down_ = 0;
    std::atomic<end> why_{end::running};
    std::atomic<unsigned> asleep_{0};  // directions that wait for room
};

}  // namespace fairlead::session
