#pragma once

#include "net/byte_stream.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace fairlead::session {

class watch_list;

/// What a connection waits for, as data: the session writes phase and deadline, the sweeper of `watch_list`
/// reads them and ends what is late by aborting the stream. No timer per connection, no call per request
/// (measured: Beast's `expires_after` costs more instructions than parsing).
class watch : public boost::intrusive::list_base_hook<> {
public:
    using clock = std::chrono::steady_clock;
    enum class phase : std::uint8_t {
        working,  ///< the server itself is busy: no deadline
        idle,     ///< between requests; the deadline comes from the list, since it depends on the load
        header,   ///< part of a head is there
        body,
        writing,
        lingering,  ///< the answer is out, the rest of the request is thrown away
        tunnel,     ///< bytes go both ways; who is late is cut by a reset
    };

    /// Joins `list`; `stream` must outlive the watch, and be closed only after it.
    watch(watch_list& list, net::byte_stream& stream);
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    /// Enters a phase. `when` is its deadline; for `idle`, the time at which it began; unused for `working`.
    void enter(phase next, clock::time_point when = {}) noexcept {
        state_.store(encode(next, when), std::memory_order_relaxed);
    }
    /// Moves the deadline of the phase. False: the sweeper has ended it. Two coroutines may do so at once.
    bool prolong(clock::time_point when) noexcept {
        auto state = state_.load(std::memory_order_relaxed);
        const auto wanted = encode(static_cast<phase>(state & phase_bits), when);
        while ((state & expired_bit) == 0)
            if (state_.compare_exchange_weak(state, wanted, std::memory_order_relaxed)) return true;
        return false;
    }
    /// From now on whoever ends the stream ends `other`, too; nullptr: no more. It has to be let go before
    /// `other` is closed.
    void pair_with(net::byte_stream* other);
    /// Whether whoever ends the stream has to reset it, whatever the phase: what was sent would be taken for
    /// all of an answer.
    void end_by_reset(bool on) noexcept { ends_by_reset_.store(on, std::memory_order_relaxed); }
    /// True when the sweeper ended this phase: a read that returned 0 then means "too late", not "the peer
    /// left".
    bool has_expired() const noexcept { return (state_.load(std::memory_order_acquire) & expired_bit) != 0; }
    /// True when the server has ended it because it stops, whatever the phase.
    bool is_cut() const noexcept { return is_cut_.load(std::memory_order_acquire); }

private:
    friend class watch_list;
    // Layout of the word: milliseconds since the clock's epoch << 8 | expired << 7 | phase.
    static constexpr std::uint64_t expired_bit = 1u << 7;
    static constexpr std::uint64_t phase_bits = expired_bit - 1;
    static std::uint64_t encode(phase p, clock::time_point when) noexcept {
        const auto ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
        return static_cast<std::uint64_t>(ms) << 8 | static_cast<std::uint64_t>(p);
    }

    phase current() const noexcept {
        return static_cast<phase>(state_.load(std::memory_order_relaxed) & phase_bits);
    }
    void abort(net::byte_stream::abort_kind what) noexcept;

    watch_list& list_;
    net::byte_stream& stream_;
    net::byte_stream* other_ = nullptr;  // guarded by the list
    std::atomic<bool> ends_by_reset_{false};
    std::atomic<bool> is_cut_{false};
    std::atomic<std::uint64_t> state_{0};
};

/// Every connection of the server. Thread safe.
class watch_list {
public:
    struct idle_limits {
        std::chrono::milliseconds normal;
        std::chrono::milliseconds pressed;
    };

    explicit watch_list(idle_limits limits) noexcept : limits_(limits) {}

    /// Ends every phase whose deadline is before `now`. `pressed`: idle connections have to make room sooner.
    void sweep(watch::clock::time_point now, bool pressed);
    /// Ends every idle connection now (drain), and those that become idle later at the next sweep.
    void begin_drain();
    /// How many connections have a request at work.
    std::size_t at_work() const;
    /// Aborts every connection.
    void abort_all();
    std::size_t size() const;

private:
    friend class watch;
    mutable std::mutex mutex_;
    const idle_limits limits_;
    bool draining_ = false;
    boost::intrusive::list<watch> watches_;
};

}  // namespace fairlead::session
