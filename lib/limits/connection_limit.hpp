#pragma once

#include "limits/admission.hpp"

#include <atomic>
#include <utility>

namespace fairlead::limits {

/// The connection counter with its two limits: below `soft` a connection is admitted, from there on it is
/// shed with an answer, from `hard` on it is closed unread.
class connection_limit {
public:
    /// A place in the counter, given back when destroyed.
    class slot {
    public:
        slot() = default;
        slot(slot&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), verdict_(other.verdict_) {}
        slot& operator=(slot&& other) noexcept {
            std::swap(owner_, other.owner_);
            std::swap(verdict_, other.verdict_);
            return *this;
        }
        ~slot() {
            if (owner_) owner_->active_.fetch_sub(1, std::memory_order_relaxed);
        }
        admission verdict() const noexcept { return verdict_; }

    private:
        friend class connection_limit;
        slot(connection_limit* owner, admission verdict) noexcept : owner_(owner), verdict_(verdict) {}
        connection_limit* owner_ = nullptr;
        admission verdict_ = admission::refused;
    };

    /// `soft` <= `hard`.
    connection_limit(unsigned soft, unsigned hard) noexcept : soft_(soft), hard_(hard) {}

    /// Counts a connection in. A refused one is not counted.
    slot enter() noexcept {
        const unsigned before = active_.fetch_add(1, std::memory_order_relaxed);
        if (before >= hard_) {
            active_.fetch_sub(1, std::memory_order_relaxed);
            return {nullptr, admission::refused};
        }
        return {this, before >= soft_ ? admission::shed : admission::admitted};
    }

    unsigned active() const noexcept { return active_.load(std::memory_order_relaxed); }
    unsigned soft() const noexcept { return soft_; }
    unsigned hard() const noexcept { return hard_; }

    /// From 90 % of the soft limit on, idle connections should make room.
    bool is_pressed() const noexcept { return active() >= soft_ - soft_ / 10; }
    /// 90 % of the places between the limits are taken: shed connections get no time to show that they ask
    /// for health.
    bool is_nearly_full() const noexcept { return active() >= hard_ - (hard_ - soft_) / 10; }

private:
    std::atomic<unsigned> active_{0};
    const unsigned soft_;
    const unsigned hard_;
};

}  // namespace fairlead::limits
