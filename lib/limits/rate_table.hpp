#pragma once

#include "base/keyed_hash.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

namespace fairlead::limits {

/// Who and what a bucket is for: a hash with a secret of the table, so that nobody outside can tell which
/// keys fall together. 64 bits; two of a million keys are the same with a chance of one in 37 million.
enum class bucket_id : std::uint64_t {};

/// Token buckets in a table of fixed size, in which nothing is allocated after it was made. A bucket is one
/// moment, that at which it will be full again (the generic cell rate algorithm): what was taken moves it on,
/// time does the rest. A full bucket is the same as none, so entries whose moment has passed are free, and
/// nothing has to be swept.
///
/// An entry may lie in one of eight places. When all are taken by buckets that are not full, the one that
/// would be full first gives way, since least is forgiven with it. To have a bucket of his own forgotten, a
/// client would therefore need eight others, in places that he does not know, that are further from being
/// full; to find them by trying he has to use about as many keys as the table has entries, and with that many
/// keys he is allowed so much that the one bucket does not matter. `forgiven()` counts it.
///
/// Any thread may call. The clock is the caller's: `now` may be any moment of steady_clock, and threads need
/// not agree to the nanosecond.
class rate_table {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using nanoseconds = std::chrono::nanoseconds;

    static constexpr std::size_t bytes_per_key = 64;

    /// For `keys` buckets that are in use at once, of `bytes_per_key` each; the kernel gives the memory when
    /// the first of them are taken. Throws std::bad_alloc.
    explicit rate_table(std::size_t keys);
    ~rate_table();
    rate_table(const rate_table&) = delete;
    rate_table& operator=(const rate_table&) = delete;

    /// `rule` tells the limits apart that the same clients have.
    bucket_id id_of(std::uint64_t rule, std::span<const std::uint8_t> key) const noexcept;

    struct taken {
        bool is_granted;
        nanoseconds until_full;  ///< after this; `cost` and `most` are less, when it is not granted
    };
    /// Takes `cost` of a bucket that holds `most`, both as times to fill, unless more would be taken than it
    /// holds.
    taken take(bucket_id id, nanoseconds cost, nanoseconds most, time_point now) noexcept;

    /// The time until a bucket is full; 0 when it is.
    nanoseconds until_full(bucket_id id, time_point now) const noexcept;

    /// Takes `cost`, also what the bucket does not hold; never more than `longest` until it is full.
    void charge(bucket_id id, nanoseconds cost, nanoseconds longest, time_point now) noexcept;

    /// Buckets that were not full and had to give way.
    std::uint64_t forgiven() const noexcept { return forgiven_.load(std::memory_order_relaxed); }
    std::size_t capacity() const noexcept { return sets_ * ways; }

private:
    static constexpr std::size_t ways = 8;
    static constexpr std::size_t lock_count = 256;

    struct entry {
        std::uint64_t id;
        std::int64_t full_at;  ///< nanoseconds of steady_clock
    };
    /// Two cache lines, which processors fetch together.
    struct alignas(128) set {
        std::array<entry, ways> entries;
    };
    struct alignas(64) padded_mutex {
        std::mutex mutex;
    };

    std::size_t set_of(std::uint64_t id) const noexcept;
    entry& place_for(set& among, std::uint64_t id, std::int64_t now) noexcept;

    const keyed_hash hash_;
    const std::size_t sets_;
    set* const table_;  ///< zeros at first: entries that are full and belong to nobody
    const std::unique_ptr<padded_mutex[]> locks_;
    std::atomic<std::uint64_t> forgiven_{0};
};

}  // namespace fairlead::limits
