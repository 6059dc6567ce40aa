#pragma once

#include <atomic>
#include <memory>

namespace fairlead::limits {

/// Counts what stands for a while, up to a limit. Who is let in holds a place until it lets go of it. Thread
/// safe; the places keep the count alive.
class place_count {
public:
    explicit place_count(unsigned most) : count_(std::make_shared<count>(most)) {}

    /// A place, or nothing when all are taken.
    std::shared_ptr<void> enter() {
        auto mine = std::make_shared<place>(count_);  // counted in, whether it may stay or not
        return mine->is_within_limit ? mine : nullptr;
    }
    unsigned taken() const noexcept { return count_->taken; }

private:
    struct count {
        explicit count(unsigned limit) noexcept : most(limit) {}
        const unsigned most;
        std::atomic<unsigned> taken{0};
    };
    struct place {
        explicit place(std::shared_ptr<count> whole) noexcept
            : of(std::move(whole)), is_within_limit(of->taken.fetch_add(1) < of->most) {}
        ~place() { --of->taken; }
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        std::shared_ptr<count> of;
        const bool is_within_limit;
    };

    std::shared_ptr<count> count_;
};

}  // namespace fairlead::limits
