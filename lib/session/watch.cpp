#include "session/watch.hpp"

#include <algorithm>

namespace fairlead::session {

watch::watch(watch_list& list, net::byte_stream& stream) : list_(list), stream_(stream) {
    enter(phase::idle, clock::now());
    const std::lock_guard guard(list_.mutex_);
    list_.watches_.push_back(*this);
}

watch::~watch() {
    const std::lock_guard guard(list_.mutex_);
    list_.watches_.erase(list_.watches_.iterator_to(*this));
}

void watch::pair_with(net::byte_stream* other) {
    const std::lock_guard guard(list_.mutex_);
    other_ = other;
}

void watch::abort(net::byte_stream::abort_kind what) noexcept {
    if (ends_by_reset_.load(std::memory_order_relaxed)) what = net::byte_stream::abort_by_reset;
    stream_.abort(what);
    if (other_) other_->abort(what);
}

void watch_list::sweep(watch::clock::time_point now, bool pressed) {
    const auto now_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    const std::lock_guard guard(mutex_);
    const auto patience =
        draining_ ? 0 : (pressed ? std::min(limits_.pressed, limits_.normal) : limits_.normal).count();
    for (auto& one : watches_) {
        auto state = one.state_.load(std::memory_order_relaxed);
        const auto what = static_cast<watch::phase>(state & watch::phase_bits);
        if ((state & watch::expired_bit) != 0 || what == watch::phase::working) continue;
        auto deadline = state >> 8;
        if (what == watch::phase::idle) deadline += static_cast<std::uint64_t>(patience);
        if (deadline > now_ms) continue;
        // Only when the session is still in that very phase; else it has just made progress.
        if (!one.state_.compare_exchange_strong(state, state | watch::expired_bit, std::memory_order_acq_rel))
            continue;
        const bool answers_later =
            what == watch::phase::idle || what == watch::phase::header || what == watch::phase::body;
        if (what == watch::phase::tunnel)
            one.abort(net::byte_stream::abort_by_reset);
        else
            one.abort(answers_later ? net::byte_stream::abort_reading : net::byte_stream::abort_both);
    }
}

void watch_list::begin_drain() {
    {
        const std::lock_guard guard(mutex_);
        draining_ = true;
    }
    sweep(watch::clock::now(), true);
}

std::size_t watch_list::at_work() const {
    const std::lock_guard guard(mutex_);
    return static_cast<std::size_t>(std::count_if(watches_.begin(), watches_.end(), [](const watch& one) {
        const auto what = one.current();
        return what != watch::phase::idle && what != watch::phase::lingering;
    }));
}

void watch_list::abort_all() {
    const std::lock_guard guard(mutex_);
    for (auto& one : watches_) {
        one.is_cut_.store(true, std::memory_order_release);
        one.abort(one.current() == watch::phase::tunnel ? net::byte_stream::abort_by_reset
                                                        : net::byte_stream::abort_both);
    }
}

std::size_t watch_list::size() const {
    const std::lock_guard guard(mutex_);
    return watches_.size();
}

}  // namespace fairlead::session
