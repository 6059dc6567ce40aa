#include "files/file_cache.hpp"

#include <iterator>
#include <utility>

namespace fairlead::files {

file_cache::file_cache(const bounds& most)
    : bounds_{(most.entries + shard_count - 1) / shard_count,
              (most.descriptors + shard_count - 1) / shard_count,
              (most.content_bytes + shard_count - 1) / shard_count} {
    for (auto& part : shards_) part.asked_for.resize(bounds_.entries);
}

std::shared_ptr<const open_file> file_cache::find(const key& path, clock::time_point now,
                                                  milliseconds longest) {
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_path.find(path);
    if (place == part.by_path.end()) return nullptr;
    auto& known = *place->second;
    if (now - known.looked_at >= longest) return nullptr;
    known.was_used = true;
    ++part.hits;
    return known.file;
}

bool file_cache::is_welcome(const key& path, std::uint64_t size, bool is_held_open, clock::time_point now,
                            milliseconds one_request) {
    // `keep` would not take it.
    if (!is_held_open && size > bounds_.content_bytes) return false;
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    const bool has_room = part.entries.size() < bounds_.entries &&
                          (is_held_open ? part.descriptors < bounds_.descriptors
                                        : part.content_bytes + size <= bounds_.content_bytes);
    if (has_room || part.asked_for.empty()) return has_room;
    const auto& last = part.place_of(path);
    return last.hash == path.hash && now - last.when >= one_request;
}

void file_cache::remember(const key& path, clock::time_point now) {
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    if (part.asked_for.empty()) return;
    auto& last = part.place_of(path);
    if (last.hash != path.hash) last = {path.hash, now};
}

void file_cache::keep(const key& path, const std::shared_ptr<const open_file>& file,
                      clock::time_point looked_at, std::uint64_t invalidations) {
    const auto descriptors = file->descriptors();
    const auto bytes = file->kept_bytes();
    if (bounds_.entries == 0 || descriptors > bounds_.descriptors || bytes > bounds_.content_bytes) return;
    std::list<entry> gone;
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    // Read under the lock: an `invalidate` that this misses has yet to take the lock, and then removes the
    // entry.
    if (invalidations_.load(std::memory_order_acquire) != invalidations) return;
    if (const auto old = part.by_path.find(path); old != part.by_path.end()) erase(part, old->second, gone);
    evict(part, {bounds_.entries - 1, bounds_.descriptors - descriptors, bounds_.content_bytes - bytes},
          gone);
    std::list<entry> added;  // so that nothing is counted when memory runs out on the way
    added.push_back({std::string(path.text), file, looked_at, false});
    part.by_path.emplace(key(added.front().path), added.begin());
    part.entries.splice(part.entries.end(), added);
    part.descriptors += descriptors;
    part.content_bytes += bytes;
}

/// The clock hand: who was used since it last came by may stay for another round.
void file_cache::evict(shard& from, const bounds& most, std::list<entry>& gone) {
    for (;;) {
        const bool is_full = from.entries.size() > most.entries || from.content_bytes > most.content_bytes;
        if (!is_full && from.descriptors <= most.descriptors) return;
        const auto oldest = from.entries.begin();
        const bool helps = is_full || oldest->file->descriptors() > 0;
        if (!helps || std::exchange(oldest->was_used, false))
            from.entries.splice(from.entries.end(), from.entries, oldest);
        else
            erase(from, oldest, gone);
    }
}

void file_cache::erase(shard& from, std::list<entry>::iterator which, std::list<entry>& gone) {
    from.content_bytes -= which->file->kept_bytes();
    from.descriptors -= which->file->descriptors();
    from.by_path.erase(key(which->path));
    gone.splice(gone.end(), from.entries, which);
}

void file_cache::forget(const key& path) {
    std::list<entry> gone;
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    if (const auto place = part.by_path.find(path); place != part.by_path.end())
        erase(part, place->second, gone);
}

void file_cache::invalidate(const key& path) {
    invalidations_.fetch_add(1, std::memory_order_acq_rel);
    forget(path);
}

void file_cache::let_go_unused(clock::time_point now, milliseconds longest) {
    for (auto& part : shards_) {
        std::list<entry> gone;
        const std::lock_guard guard(part.mutex);
        for (auto next = part.entries.begin(); next != part.entries.end();) {
            const auto one = next++;
            if (one->file->descriptors() > 0 && now - one->looked_at >= longest) erase(part, one, gone);
        }
    }
}

bool file_cache::make_room() {
    bool freed = false;
    for (auto& part : shards_) {
        std::list<entry> gone;
        const std::lock_guard guard(part.mutex);
        freed = freed || part.descriptors > 0;
        evict(part, {bounds_.entries, part.descriptors / 2, bounds_.content_bytes}, gone);
    }
    return freed;
}

void file_cache::clear() {
    invalidations_.fetch_add(1, std::memory_order_acq_rel);
    for (auto& part : shards_) {
        std::list<entry> gone;
        const std::lock_guard guard(part.mutex);
        evict(part, {0, 0, 0}, gone);
    }
}

file_cache::usage file_cache::current() const {
    usage total;
    for (const auto& part : shards_) {
        const std::lock_guard guard(part.mutex);
        total.entries += part.entries.size();
        total.descriptors += part.descriptors;
        total.content_bytes += part.content_bytes;
        total.hits += part.hits;
    }
    return total;
}

}  // namespace fairlead::files
