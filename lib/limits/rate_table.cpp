#include "limits/rate_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace fairlead::limits {
namespace {

__extension__ using wide = unsigned __int128;

std::int64_t ticks(rate_table::time_point now) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
}

std::uint64_t number_of(bucket_id id) noexcept {
    // 0 is an entry of nobody.
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(id));
}

/// Pages that are zero, and have no memory of their own before they are written. Large ones, where the system
/// has them: each check looks somewhere else, and to find the page would take a fourth of its time.
void* map_zeros(std::size_t bytes) {
    void* const at =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    (void)::madvise(at, bytes, MADV_HUGEPAGE);
    return at;
}

}  // namespace

// Four entries for a key: with eight in a set, one key in 5,000 finds its set full when all are in use.
rate_table::rate_table(std::size_t keys)
    : sets_(std::max<std::size_t>(1, keys * bytes_per_key / sizeof(set))),
      table_(static_cast<set*>(map_zeros(sets_ * sizeof(set)))),
      locks_(std::make_unique<padded_mutex[]>(lock_count)) {
    static_assert(bytes_per_key == 4 * sizeof(entry) && sizeof(set) == ways * sizeof(entry));
}

rate_table::~rate_table() { ::munmap(table_, sets_ * sizeof(set)); }

bucket_id rate_table::id_of(std::uint64_t rule, std::span<const std::uint8_t> key) const noexcept {
    // An address as it is, and the rule behind it. Anything else is hashed first.
    std::array<std::uint8_t, 24> text{};
    if (key.size() == 16) {
        std::copy(key.begin(), key.end(), text.begin());
    } else {
        const auto name = hash_(key);
        std::memcpy(text.data(), &name, sizeof name);
    }
    std::memcpy(text.data() + 16, &rule, sizeof rule);
    return bucket_id{hash_(text)};
}

std::size_t rate_table::set_of(std::uint64_t id) const noexcept {
    const auto at = static_cast<std::size_t>(wide{id} * sets_ >> 64);
    // Both lines are on their way while the lock is taken, which no load passes.
    __builtin_prefetch(&table_[at].entries[0], 1);
    __builtin_prefetch(&table_[at].entries[ways / 2], 1);
    return at;
}

/// The entry of a bucket, made for it if there is none.
rate_table::entry& rate_table::place_for(set& among, std::uint64_t id, std::int64_t now) noexcept {
    auto& entries = among.entries;
    for (auto& one : entries)
        if (one.id == id) return one;
    auto& first_full = *std::min_element(
        entries.begin(), entries.end(), [](const entry& a, const entry& b) { return a.full_at < b.full_at; });
    if (first_full.full_at > now) forgiven_.fetch_add(1, std::memory_order_relaxed);
    return first_full = {id, 0};
}

rate_table::taken rate_table::take(bucket_id id, nanoseconds cost, nanoseconds most,
                                   time_point now) noexcept {
    const auto number = number_of(id);
    const auto at = set_of(number);
    const auto present = ticks(now);
    const std::lock_guard lock(locks_[at % lock_count].mutex);
    auto& mine = place_for(table_[at], number, present);
    const auto begin = std::max(mine.full_at, present);
    if (begin - present > most.count() - cost.count()) return {false, nanoseconds(begin - present)};
    mine.full_at = begin + cost.count();
    return {true, nanoseconds(mine.full_at - present)};
}

rate_table::nanoseconds rate_table::until_full(bucket_id id, time_point now) const noexcept {
    const auto number = number_of(id);
    const auto at = set_of(number);
    const std::lock_guard lock(locks_[at % lock_count].mutex);
    for (const auto& one : table_[at].entries)
        if (one.id == number) return nanoseconds(std::max<std::int64_t>(0, one.full_at - ticks(now)));
    return nanoseconds(0);
}

void rate_table::charge(bucket_id id, nanoseconds cost, nanoseconds longest, time_point now) noexcept {
    if (cost.count() <= 0) return;
    const auto number = number_of(id);
    const auto at = set_of(number);
    const auto present = ticks(now);
    const std::lock_guard lock(locks_[at % lock_count].mutex);
    auto& mine = place_for(table_[at], number, present);
    mine.full_at = std::min(std::max(mine.full_at, present) + cost.count(), present + longest.count());
}

}  // namespace fairlead::limits
