#pragma once

#include "handlers/unanswered_connections.hpp"
#include "net/plain_stream.hpp"
#include "net/socket_address.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::handlers {

/// One server that speaks FastCGI: where it is, whether it answers, and the connections to it that are kept
/// for the next request. All routes that name it share one of these, since a kept connection occupies a
/// process of php-fpm: two owners of connections would starve each other. So does a connection that is kept
/// while a new one lies in the listen queue of a php-fpm that has no process left: it makes room. Thread
/// safe.
class fastcgi_server {
public:
    using clock = std::chrono::steady_clock;

    /// How long a connection is kept for the next request.
    static constexpr std::chrono::seconds kept_for{5};
    /// A server that cannot be reached is left out for this long, then twice as long each time, up to the
    /// most.
    static constexpr std::chrono::seconds least_pause{1};
    static constexpr std::chrono::seconds most_pause{60};
    /// A connection whose request ended within this time may be about to be closed: php-fpm ends a process
    /// after `pm.max_requests` of them.
    static constexpr std::chrono::milliseconds settles_within{50};
    /// A new connection without a byte of an answer after this long waits for a process. Making the next
    /// connection costs some 50 us, little beside a script that took so long without any need.
    static constexpr std::chrono::milliseconds queues_after{10};
    /// When it is more likely a slow script (a later one was answered), room is made this often, and a
    /// connection that is kept has been unused for so long.
    static constexpr std::chrono::milliseconds room_interval{100};

    /// A new connection until the first byte of an answer has come.
    class unanswered {
    public:
        unanswered() = default;
        explicit unanswered(fastcgi_server& server);
        unanswered(unanswered&& other) noexcept
            : server_(std::exchange(other.server_, nullptr)), number_(other.number_) {}
        unanswered& operator=(unanswered&& other) noexcept {
            std::swap(server_, other.server_);
            std::swap(number_, other.number_);
            return *this;
        }
        ~unanswered() {
            if (server_) server_->ended(number_);
        }

        bool is_pending() const noexcept { return server_ != nullptr; }
        void got_answer() {
            if (server_) std::exchange(server_, nullptr)->answered(number_);
        }

    private:
        fastcgi_server* server_ = nullptr;
        unanswered_connections::number number_ = 0;
    };

    /// `name`: "unix:/run/php/php-fpm.sock", "127.0.0.1:9000", "[::1]:9000" or "php:9000". A host's name is
    /// looked up by `look_up`.
    explicit fastcgi_server(std::string name);

    const std::string& name() const noexcept { return name_; }

    /// Where it is, in the order of preference; empty when its name is not known.
    std::vector<net::socket_address> addresses() const;
    /// Looks a name up when that was not done yet, or the server could not be reached since. May block. False
    /// when the name is not known (then the old addresses stay).
    bool look_up();

    /// The connection that was kept last, or nullptr. With `must_be_open` it is one that has settled and that
    /// the server has not closed: for requests that cannot be sent twice.
    std::unique_ptr<net::plain_stream> take_kept(bool must_be_open, clock::time_point now);
    /// Keeps a connection on which nothing is under way; at most `most` are kept. Closes it when a new one
    /// needs its process.
    void keep(std::unique_ptr<net::plain_stream> connection, std::size_t most, clock::time_point now);
    /// Closes those that nobody needed for `kept_for`, or whose processes new ones need. On an I/O thread.
    void let_go_unused(clock::time_point now);
    std::size_t kept() const;

    /// An id for a request that is sent to it, 1 to 65535: another one than those of the last requests had.
    std::uint16_t next_number() noexcept {
        return static_cast<std::uint16_t>(numbers_.fetch_add(1, std::memory_order_relaxed) % 65'535 + 1);
    }

    /// True while it is left out, since it could not be reached.
    bool is_left_out(clock::time_point now) const noexcept { return now < left_out_until_.load(); }
    void was_reached() noexcept;
    /// Returns for how long it is left out.
    std::chrono::seconds was_not_reached(clock::time_point now);

private:
    struct kept_connection {
        std::unique_ptr<net::plain_stream> stream;
        clock::time_point since;
    };
    bool is_unix() const noexcept;
    void answered(unanswered_connections::number which);
    void ended(unanswered_connections::number which);
    bool is_queued(clock::time_point now) const;
    bool has_to_make_room(clock::time_point now);
    std::chrono::milliseconds kept_now(clock::time_point now) const;

    const std::string name_;
    mutable std::mutex mutex_;
    std::vector<net::socket_address> addresses_;
    std::vector<kept_connection> kept_;  // the newest is last
    unanswered_connections unanswered_;
    clock::time_point made_room_{};  // for what is likely a slow script
    std::chrono::seconds pause_{0};
    std::atomic<std::uint32_t> numbers_{0};
    std::atomic<bool> has_to_look_up_{true};
    std::atomic<clock::time_point> left_out_until_{clock::time_point{}};
};

}  // namespace fairlead::handlers
