#pragma once

#include "base/error.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace fairlead::files {

struct space_limits {
    std::uint64_t quota = 0;     ///< bytes that all files of the store may have together; 0: no limit
    std::uint64_t min_free = 0;  ///< bytes of the file system that uploads leave free
};

/// How many bytes a store may still take: those that its quota leaves, and those above the floor of free
/// space. What is on its way is set aside before its first byte is asked for. Thread safe.
class store_space {
public:
    /// Bytes set aside for one upload; given back when destroyed, unless they were stored.
    class claim {
    public:
        claim() = default;
        claim(claim&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
        claim& operator=(claim&& other) noexcept {
            std::swap(owner_, other.owner_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~claim() {
            if (owner_) owner_->give_back(bytes_);
        }
        /// Sets aside up to `bytes` in all. Errors: as `take`.
        error_code grow_to(std::uint64_t bytes);
        /// `size` bytes are in the store now, in the place of `replaced`.
        void keep(std::uint64_t size, std::uint64_t replaced) noexcept;

    private:
        friend class store_space;
        explicit claim(store_space* owner) noexcept : owner_(owner) {}
        store_space* owner_ = nullptr;
        std::uint64_t bytes_ = 0;
    };

    struct usage {
        std::uint64_t stored = 0;   ///< bytes of the store's files; 0 without a quota
        std::uint64_t claimed = 0;  ///< bytes on their way
        std::uint64_t free = 0;     ///< bytes of the file system that may be written, when last looked at
    };

    /// `directory` stays open as long as this.
    store_space(int directory, space_limits limits) noexcept : directory_(directory), limits_(limits) {}

    const space_limits& limits() const noexcept { return limits_; }
    usage current() const noexcept;

    /// Sets bytes aside. Errors: errc::quota_exceeded; ENOSPC when the free space would fall below the floor;
    /// the errno of fstatvfs.
    result<claim> take(std::uint64_t bytes);
    /// A file of `size` bytes was removed.
    void freed(std::uint64_t size) noexcept;

    /// Looks at the free space of the file system. Error: the errno of fstatvfs.
    error_code look() noexcept;
    /// Counts the files again, which others may have removed or added; walks the whole store, so it blocks.
    /// Does nothing without a quota. Errors: those of reading directories.
    error_code count();

private:
    error_code set_aside(std::uint64_t more);
    void give_back(std::uint64_t bytes) noexcept;

    const int directory_;
    const space_limits limits_;
    std::atomic<std::uint64_t> free_{0};
    mutable std::mutex mutex_;
    std::uint64_t stored_ = 0;
    std::uint64_t claimed_ = 0;
    std::uint64_t changes_ = 0;  // of `stored_`, so that a count which they overtook is not used
};

}  // namespace fairlead::files
