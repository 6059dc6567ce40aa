#pragma once

#include "files/open_file.hpp"

#include <algorithm>
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
#include <vector>

namespace fairlead::files {

/// Opened files by the path that was asked for, each with the time at which it was last looked at. Bounded by
/// entries, descriptors and bytes; who was not used lately goes first. When it is full, only what is asked
/// for a second time is welcome: reading a file that nobody asks for again, and letting one go for it, costs
/// more than sending it does. Never makes a system call under its locks. Thread safe.
class file_cache {
public:
    using clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    /// What it may hold; shared out to 16 shards, and rounded up there.
    struct bounds {
        std::size_t entries;
        std::size_t descriptors;      ///< of files whose content is not kept
        std::uint64_t content_bytes;  ///< of all contents together
    };
    /// A path with its hash, which is computed once for the shard and for the place in it.
    struct key {
        explicit key(std::string_view path) noexcept
            : text(path), hash(std::hash<std::string_view>{}(path)) {}
        std::string_view text;
        std::size_t hash;
        bool operator==(const key&) const = default;
    };
    struct usage {
        std::size_t entries = 0;
        std::size_t descriptors = 0;
        std::uint64_t content_bytes = 0;
        std::uint64_t hits = 0;  ///< of `find`, since the start
    };

    explicit file_cache(const bounds& most);

    /// What was looked at less than `longest` before `now`, else nullptr.
    std::shared_ptr<const open_file> find(const key& path, clock::time_point now, milliseconds longest);

    /// Of what was looked at again at `now`: the entry, good for another while if `is_same` says so of its
    /// file; else it is forgotten, and the result is nullptr.
    template <class Predicate>
    std::shared_ptr<const open_file> renew(const key& path, clock::time_point now, const Predicate& is_same);

    /// Whether a file of `size` bytes, held open or with its content, is worth a place: there is room, or it
    /// was asked for (`remember`) at least `one_request` before `now`, and not long ago.
    bool is_welcome(const key& path, std::uint64_t size, bool is_held_open, clock::time_point now,
                    milliseconds one_request);
    /// Notes that a file was asked for that has no entry.
    void remember(const key& path, clock::time_point now);

    /// How often something was invalidated.
    std::uint64_t invalidations() const noexcept { return invalidations_.load(std::memory_order_acquire); }
    /// Adds or replaces an entry, unless something was invalidated since there were so many `invalidations`:
    /// then the file may be an old one.
    void keep(const key& path, const std::shared_ptr<const open_file>& file, clock::time_point looked_at,
              std::uint64_t invalidations);

    void forget(const key& path);
    /// Forgets `path`, and what anybody is about to keep.
    void invalidate(const key& path);
    /// Forgets files that are held open and were not looked at for `longest`.
    void let_go_unused(clock::time_point now, milliseconds longest);
    /// Lets half of the descriptors go. False when there were none.
    bool make_room();
    /// Forgets everything, and what anybody is about to keep.
    void clear();

    usage current() const;

private:
    struct key_hash {
        std::size_t operator()(const key& path) const noexcept { return path.hash; }
    };
    struct entry {
        std::string path;
        std::shared_ptr<const open_file> file;
        clock::time_point looked_at;
        bool was_used = false;
    };
    static constexpr std::size_t shard_count = 16;
    // Shards keep threads apart; within one, second-chance eviction costs a hit one store and no list
    // operation.
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<key, std::list<entry>::iterator, key_hash> by_path;  // views of entry::path
        std::list<entry> entries;  // in the order of the clock hand
        // Paths that were asked for while there was no room, each in a place that it has with
        // others: as long as about as many others come as the cache has entries.
        struct asked {
            std::size_t hash = 0;
            clock::time_point when;
        };
        std::vector<asked> asked_for;
        asked& place_of(const key& path) noexcept {
            return asked_for[path.hash / shard_count % asked_for.size()];
        }
        std::size_t descriptors = 0;
        std::uint64_t content_bytes = 0;
        std::uint64_t hits = 0;
    };

    shard& shard_of(const key& path) noexcept { return shards_[path.hash % shard_count]; }
    // `gone` is let go after the shard's lock: closing the last descriptor of a removed file may take its
    // time.
    static void evict(shard& from, const bounds& most, std::list<entry>& gone);
    static void erase(shard& from, std::list<entry>::iterator which, std::list<entry>& gone);

    const bounds bounds_;  // of one shard
    std::array<shard, shard_count> shards_;
    std::atomic<std::uint64_t> invalidations_{0};
};

template <class Predicate>
std::shared_ptr<const open_file> file_cache::renew(const key& path, clock::time_point now,
                                                   const Predicate& is_same) {
    std::list<entry> gone;
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_path.find(path);
    if (place == part.by_path.end()) return nullptr;
    auto& known = *place->second;
    if (!is_same(*known.file)) {
        erase(part, place->second, gone);
        return nullptr;
    }
    known.looked_at = std::max(known.looked_at, now);
    known.was_used = true;
    return known.file;
}

}  // namespace fairlead::files
