#include "telemetry/metrics.hpp"

#include "telemetry/metrics_slot.hpp"

#include <algorithm>

namespace fairlead::telemetry {
namespace {

using boost::beast::http::verb;
using cell = std::atomic<std::uint64_t>;

constexpr std::size_t method_column(verb method) {
    switch (method) {
        case verb::get: return 0;
        case verb::head: return 1;
        case verb::post: return 2;
        case verb::put: return 3;
        case verb::delete_: return 4;
        case verb::patch: return 5;
        case verb::options: return 6;
        case verb::trace: return 7;
        case verb::connect: return 8;
        default: return 9;
    }
}

/// The column of each status from 100 to 599.
constexpr auto code_columns = [] {
    std::array<std::uint8_t, 500> columns{};
    for (std::size_t i = 0; i < columns.size(); ++i)
        columns[i] = static_cast<std::uint8_t>(known_codes.size() + i / 100);
    for (std::size_t i = 0; i < known_codes.size(); ++i)
        columns[known_codes[i] - 100] = static_cast<std::uint8_t>(i);
    return columns;
}();

std::size_t code_column(unsigned status) {
    return status >= 100 && status <= 599 ? code_columns[status - 100] : code_count - 1;
}

template <std::size_t N>
constexpr std::array<std::uint64_t, N> scaled(const std::array<double, N>& bounds, double factor) {
    std::array<std::uint64_t, N> integers{};
    for (std::size_t i = 0; i < N; ++i) integers[i] = static_cast<std::uint64_t>(bounds[i] * factor + 0.5);
    return integers;
}
constexpr auto nanosecond_bounds = scaled(duration_bounds, 1e9);
constexpr auto byte_bounds = scaled(size_bounds, 1);

/// Adds to counters of this thread's own slot by a load and a store, to those of the shared slot by a locked
/// add.
struct adder {
    bool is_shared;
    void operator()(cell& counter, std::uint64_t amount = 1) const noexcept {
        if (is_shared)
            counter.fetch_add(amount, std::memory_order_relaxed);
        else
            counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    template <std::size_t N>
    void observe(histogram_cells<cell, N>& histogram, const std::array<std::uint64_t, N>& bounds,
                 std::uint64_t value) const noexcept {
        std::size_t bucket = 0;
        while (bucket < N && value > bounds[bucket]) ++bucket;
        (*this)(histogram.buckets[bucket]);
        (*this)(histogram.sum, value);
    }
};

adder adder_of(const std::atomic<const void*>& owner) noexcept {
    return {owner.load(std::memory_order_relaxed) == nullptr};
}

std::uint64_t nanoseconds(std::chrono::nanoseconds duration) noexcept {
    return duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
}

void accumulate(std::uint64_t& sum, const cell& counter) { sum += counter.load(std::memory_order_relaxed); }
template <class Sum, class Cell, std::size_t N>
void accumulate(std::array<Sum, N>& sum, const std::array<Cell, N>& counters) {
    for (std::size_t i = 0; i < N; ++i) accumulate(sum[i], counters[i]);
}
template <class Sum, class Cell, std::size_t N>
void accumulate(histogram_cells<Sum, N>& sum, const histogram_cells<Cell, N>& histogram) {
    accumulate(sum.buckets, histogram.buckets);
    accumulate(sum.sum, histogram.sum);
}

template <std::size_t N>
std::uint64_t total(const std::array<std::uint64_t, N>& counts) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts) sum += count;
    return sum;
}

}  // namespace

metrics::metrics(unsigned max_threads)
    : slot_count_(max_threads + 1), slots_(std::make_unique<slot[]>(slot_count_)) {}

metrics::~metrics() = default;

metrics::slot& metrics::own_slot() const noexcept {
    // The variable's address names the thread; its value is where the thread found its slot the last time,
    // perhaps in another object. A thread that reuses the address of one that ended goes on with that one's
    // slot.
    thread_local unsigned last_found = 0;
    if (last_found < slot_count_ && slots_[last_found].owner.load(std::memory_order_relaxed) == &last_found)
        return slots_[last_found];
    slot& found = claim_slot(&last_found);
    last_found = static_cast<unsigned>(&found - slots_.get());
    return found;
}

metrics::slot& metrics::claim_slot(const void* thread) const noexcept {
    slot* const first = slots_.get() + 1;
    slot* const end = slots_.get() + slot_count_;
    slot* const owned = std::find_if(
        first, end, [&](const slot& each) { return each.owner.load(std::memory_order_relaxed) == thread; });
    if (owned != end) return *owned;
    slot* const claimed = std::find_if(first, end, [&](slot& each) {
        const void* nobody = nullptr;
        return each.owner.compare_exchange_strong(nobody, thread, std::memory_order_relaxed);
    });
    return claimed != end ? *claimed : slots_[0];
}

void metrics::request_finished(verb method, unsigned status, std::chrono::nanoseconds duration,
                               std::uint64_t bytes_sent) noexcept {
    slot& own = own_slot();
    const adder add = adder_of(own.owner);
    add(own.requests[method_column(method)][code_column(status)]);
    add.observe(own.duration, nanosecond_bounds, nanoseconds(duration));
    add.observe(own.size, byte_bounds, bytes_sent);
}

void metrics::request_shed(shed_reason reason) noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.shed[static_cast<std::size_t>(reason)]);
}

void metrics::request_limited(limit_reason reason) noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.limited[static_cast<std::size_t>(reason)]);
}

void metrics::connection_accepted() noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.accepted);
}

void metrics::connection_rejected(reject_reason reason) noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.rejected[static_cast<std::size_t>(reason)]);
}

void metrics::upload_created() noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.uploads_created);
}

void metrics::upload_received(std::uint64_t bytes) noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.upload_bytes, bytes);
}

void metrics::upload_committed(std::chrono::nanoseconds duration, bool ok) noexcept {
    slot& own = own_slot();
    const adder add = adder_of(own.owner);
    add.observe(own.commit, nanosecond_bounds, nanoseconds(duration));
    add(ok ? own.uploads_finished : own.uploads_terminated);
}

void metrics::upload_terminated() noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.uploads_terminated);
}

void metrics::tunnel_refused(tunnel_refusal reason) noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.tunnels_refused[static_cast<std::size_t>(reason)]);
}

void metrics::tunnel_opened() noexcept {
    slot& own = own_slot();
    adder_of(own.owner)(own.tunnels_opened);
}

void metrics::tunnel_ended(std::uint64_t to_client, std::uint64_t to_destination) noexcept {
    slot& own = own_slot();
    const adder add = adder_of(own.owner);
    add(own.tunnels_ended);
    add(own.tunnel_bytes[0], to_client);
    add(own.tunnel_bytes[1], to_destination);
}

void metrics::watch(source number, std::function<double()> read) {
    watched_.push_back({number, std::move(read)});
}

metrics::sums metrics::add_up() const {
    sums all;
    for (unsigned i = 0; i < slot_count_; ++i) {
        const slot& each = slots_[i];
        accumulate(all.requests, each.requests);
        accumulate(all.duration, each.duration);
        accumulate(all.size, each.size);
        accumulate(all.commit, each.commit);
        accumulate(all.shed, each.shed);
        accumulate(all.rejected, each.rejected);
        accumulate(all.limited, each.limited);
        accumulate(all.accepted, each.accepted);
        accumulate(all.uploads_created, each.uploads_created);
        accumulate(all.uploads_finished, each.uploads_finished);
        accumulate(all.uploads_terminated, each.uploads_terminated);
        accumulate(all.upload_bytes, each.upload_bytes);
        accumulate(all.tunnels_refused, each.tunnels_refused);
        accumulate(all.tunnels_opened, each.tunnels_opened);
        accumulate(all.tunnels_ended, each.tunnels_ended);
        accumulate(all.tunnel_bytes, each.tunnel_bytes);
    }
    return all;
}

metrics_totals metrics::totals() const noexcept {
    const sums all = add_up();
    return {total(all.duration.buckets), all.size.sum, all.accepted, total(all.rejected), total(all.shed)};
}

}  // namespace fairlead::telemetry
