#pragma once

#include "base/ip_address.hpp"
#include "base/keyed_hash.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace fairlead::limits {

/// Slows down who tries passwords, by address (IPv4 /32, IPv6 /64): after some failures each further one
/// makes a pause that is twice as long as the last, up to a longest one. An attempt counts from its begin, so
/// that many at once get no further. A success takes back only itself: an account of one's own does not help
/// against those of others.
///
/// Another address is never made to wait. At an address that pauses, who was verified before goes on, except
/// for those whose passwords were tried there: else a guess would be right when it is let pass. The same
/// holds where the server was too busy to look at a password: from then on that user's are compared there
/// like everybody's, so that a right one looks no different from a guess.
///
/// Memory is bounded: when there are too many addresses, the one that failed longest ago is forgotten. Thread
/// safe.
class login_throttle {
public:
    using clock = std::chrono::steady_clock;
    struct bounds {
        unsigned free_failures = 10;  ///< the pauses begin with this one
        std::chrono::seconds first_pause{1};
        std::chrono::seconds longest_pause{900};
        std::chrono::seconds remembered{3600};  ///< after the last failure
        std::size_t addresses = 65'536;
    };

    /// The right to try one password. Without a word about how it went it does not count.
    class attempt {
    public:
        attempt(attempt&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), from_(other.from_), user_(other.user_) {}
        attempt& operator=(attempt&&) = delete;
        ~attempt() {
            if (owner_) owner_->end(*this, std::nullopt);
        }
        /// It was the wrong one; the pause that follows, or 0.
        std::chrono::seconds fail(clock::time_point now) {
            return std::exchange(owner_, nullptr)->end(*this, now);
        }

        /// Nobody had time for it. It does not count, but it was a try.
        void leave_unanswered(clock::time_point now) {
            std::exchange(owner_, nullptr)->end_unanswered(*this, now);
        }

    private:
        friend class login_throttle;
        attempt(login_throttle& owner, const ip_address& from, std::uint64_t user) noexcept
            : owner_(&owner), from_(from), user_(user) {}
        login_throttle* owner_;
        ip_address from_;
        std::uint64_t user_;
    };

    explicit login_throttle(const bounds& by) noexcept : bounds_(by) {}
    login_throttle() noexcept : login_throttle(bounds()) {}

    /// An attempt, or how long the address has to wait for one. Who is refused has tried the password of the
    /// user, too: it may be that of somebody who was verified.
    std::variant<attempt, std::chrono::seconds> begin(const ip_address& from, std::string_view user,
                                                      clock::time_point now);

    /// How a user who was verified before stands at an address.
    struct standing {
        /// How long he has to wait; mostly nothing. The address pauses, or has as many attempts under way as
        /// it may, and his password was tried there.
        std::optional<std::chrono::seconds> pause;
        /// Whether a password of his was tried there to which there was no answer. Then the right one is not
        /// to be known without being compared, or it would be told by that.
        bool is_unanswered = false;
    };
    standing standing_of(const ip_address& from, std::string_view user, clock::time_point now) const;

    /// Addresses that are remembered.
    std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
    /// Marks of users; 0 is none.
    template <std::size_t most>
    struct marks {
        std::array<std::uint64_t, most> of{};
        bool are_more = false;  ///< it may be any user

        void add(std::uint64_t user) noexcept {
            for (auto& mark : of) {
                if (mark == user) return;
                if (mark != 0) continue;
                mark = user;
                return;
            }
            are_more = true;
        }
        bool contains(std::uint64_t user) const noexcept {
            return are_more || std::find(of.begin(), of.end(), user) != of.end();
        }
        bool empty() const noexcept { return of.front() == 0 && !are_more; }
    };
    struct record {
        ip_address from;
        unsigned failures = 0;
        unsigned under_way = 0;
        clock::time_point last_failure{};  ///< or last attempt without an answer
        clock::time_point pause_end{};
        marks<4> tried;       ///< the users whose passwords were tried
        marks<2> unanswered;  ///< those of them to whose there was no answer
    };
    using records = std::list<record>;

    std::uint64_t mark_of(std::string_view user) const noexcept;
    record& find_or_add(const ip_address& from, clock::time_point now);
    std::chrono::seconds wait_at(const record& known, clock::time_point now) const noexcept;
    std::chrono::seconds end(const attempt& which, std::optional<clock::time_point> failed);
    void end_unanswered(const attempt& which, clock::time_point now);
    void make_room();
    void forget(records::iterator which);

    const bounds bounds_;
    const keyed_hash hash_;
    std::atomic<std::size_t> size_{0};
    mutable std::mutex mutex_;
    records by_age_;  // the one that failed last is the first
    std::unordered_map<ip_address, records::iterator> by_address_;
};

}  // namespace fairlead::limits
