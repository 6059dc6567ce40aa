#pragma once

#include "base/keyed_hash.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::steps {

/// Remembers for a while which credentials were found right, so that they cost a look into a table and no
/// hash. They are kept under 128 bits of a keyed hash (SipHash under a key of this process), never as they
/// are. Bounded in number and time: the oldest gives way. Thread safe.
class verified_tokens {
public:
    using clock = std::chrono::steady_clock;
    struct bounds {
        std::size_t entries = 4096;  ///< shared out to 8 shards
        std::chrono::seconds kept{900};
    };

    explicit verified_tokens(const bounds& by) noexcept : bounds_(by) {}
    verified_tokens() noexcept : verified_tokens(bounds()) {}

    using key = std::array<std::uint64_t, 2>;
    /// What a token is kept under.
    key key_of(std::string_view token) const noexcept;

    /// The name of the user whose credentials these are, if that was found out less than `kept` before `now`.
    std::shared_ptr<const std::string> find(std::string_view token, clock::time_point now) const;

    /// What a check begins with: its result is forgotten when users changed meanwhile.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

    /// Remembers that they are those of `user`, whose password was compared with `hash`.
    void add(std::string_view token, std::shared_ptr<const std::string> user, const std::string& hash,
             clock::time_point now, std::uint64_t generation);

    /// Forgets those for whom `is_valid` is not true any more.
    void keep_only(const std::function<bool(const std::string& user, const std::string& hash)>& is_valid);

private:
    struct key_hash {
        std::size_t operator()(const key& one) const noexcept { return one[0]; }
    };
    struct entry {
        verified_tokens::key key;
        std::shared_ptr<const std::string> user;
        std::string hash;
        clock::time_point begin;
    };
    static constexpr std::size_t shard_count = 8;
    struct shard {
        mutable std::mutex mutex;
        std::list<entry> by_age;  // the oldest first
        std::unordered_map<key, std::list<entry>::iterator, key_hash> by_key;
    };

    static std::size_t shard_of(const key& which) noexcept { return which[1] % shard_count; }
    static void erase(shard& from, std::list<entry>::iterator which);

    const bounds bounds_;
    const keyed_hash hash_;
    std::atomic<std::uint64_t> generation_{0};
    std::array<shard, shard_count> shards_;
};

}  // namespace fairlead::steps
