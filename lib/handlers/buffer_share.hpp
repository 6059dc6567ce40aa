#pragma once

#include <atomic>
#include <cstdint>

namespace fairlead::handlers {

/// What one upload takes of the memory that all of them share.
class buffer_share {
public:
    // Of all uploads together, above which each has to do with little.
    static constexpr std::uint64_t plenty = 64ULL << 20;

    /// `total` outlives the share.
    explicit buffer_share(std::atomic<std::uint64_t>& total) noexcept : total_(total) {}
    buffer_share(const buffer_share&) = delete;
    buffer_share& operator=(const buffer_share&) = delete;
    ~buffer_share() { set(0); }

    /// So many bytes are in use now.
    void set(std::uint64_t bytes) noexcept {
        total_.fetch_add(bytes - mine_, std::memory_order_relaxed);
        mine_ = bytes;
    }
    void add(std::uint64_t bytes) noexcept { set(mine_ + bytes); }

    /// All uploads together have more than there is plenty of.
    bool is_scarce() const noexcept { return total_.load(std::memory_order_relaxed) > plenty; }

private:
    std::atomic<std::uint64_t>& total_;
    std::uint64_t mine_ = 0;
};

}  // namespace fairlead::handlers
