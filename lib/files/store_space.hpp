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

/// How many bytes an upload has been given once `arrived` of its `announced` bytes are there: set aside, and
/// allocated. As many again as have come, but at least one and at most 16 MiB more. So whoever announces much
/// and sends little takes no room from others.
std::uint64_t room_for(std::uint64_t arrived, std::uint64_t announced) noexcept;

/// How many bytes a store may still take: those that its quota leaves, and those above the floor of free
/// space. Whether all of an upload would find room is asked before its first byte; room is set aside as it
/// comes. Thread safe.
class store_space {
public:
    /// Bytes set aside for one upload; given back when destroyed, unless they were stored.
    class claim {
    public:
        claim() = default;
        claim(claim&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)),
              bytes_(std::exchange(other.bytes_, 0)),
              occupied_(std::exchange(other.occupied_, 0)),
              is_placing_(std::exchange(other.is_placing_, false)),
              counted_(other.counted_) {}
        claim& operator=(claim&& other) noexcept {
            std::swap(owner_, other.owner_);
            std::swap(bytes_, other.bytes_);
            std::swap(occupied_, other.occupied_);
            std::swap(is_placing_, other.is_placing_);
            std::swap(counted_, other.counted_);
            return *this;
        }
        ~claim() {
            if (owner_) owner_->give_back(*this);
        }
        /// From now on, until `keep` or the end, the file may be found in the store or not.
        void begin_placing() noexcept;
        /// Sets aside up to `bytes` in all. Errors: as `take`.
        error_code grow_to(std::uint64_t bytes);
        /// `arrived` bytes are to be stored, of `announced` (-1: not known); sets aside what that needs.
        /// Errors: as `take`.
        error_code cover(std::uint64_t arrived, std::int64_t announced);
        /// `bytes` of what was set aside have their room on the disk by now, which so much less is free.
        void occupy(std::uint64_t bytes) noexcept;
        /// `size` bytes are in the store now, in the place of `replaced`.
        void keep(std::uint64_t size, std::uint64_t replaced) noexcept;

    private:
        friend class store_space;
        explicit claim(store_space* owner) noexcept : owner_(owner) {}
        store_space* owner_ = nullptr;
        std::uint64_t bytes_ = 0;
        std::uint64_t occupied_ = 0;  // of them, on the disk
        bool is_placing_ = false;
        std::uint64_t counted_ = 0;  // counts that were used before the placing
    };

    /// While a file is being removed, it may be found in the store or not.
    class removal {
    public:
        explicit removal(store_space& owner) noexcept;
        removal(const removal&) = delete;
        removal& operator=(const removal&) = delete;
        ~removal();
        /// It is gone, and had so many bytes.
        void done(std::uint64_t size) noexcept;

    private:
        store_space& owner_;
        const std::uint64_t counted_;  // counts that were used before
    };

    struct usage {
        std::uint64_t stored = 0;   ///< bytes of the store's files; 0 without a quota
        std::uint64_t claimed = 0;  ///< bytes on their way
        std::uint64_t free = 0;     ///< bytes of the file system that may be written, when last looked at
        bool has_inodes = true;     ///< the file system has room for another file, when last looked at
    };

    /// `directory` stays open as long as this.
    store_space(int directory, space_limits limits) noexcept : directory_(directory), limits_(limits) {}

    const space_limits& limits() const noexcept { return limits_; }
    usage current() const noexcept;

    /// Sets bytes aside. Errors: errc::quota_exceeded; ENOSPC when the free space would fall below the floor,
    /// or no file can be added; the errno of fstatvfs.
    result<claim> take(std::uint64_t bytes);
    /// For an upload of `announced` bytes (-1: not known), which have to find room now: sets the first ones
    /// aside. Errors: as `take`.
    result<claim> admit(std::int64_t announced);
    /// Looks at the free space of the file system. Error: the errno of fstatvfs.
    error_code look() noexcept;
    /// Counts the files again, which others may have removed or added; walks the whole store, so it blocks.
    /// Does nothing without a quota. A count that uploads or removals overtook is not used, but for every
    /// fifth one of a store that never rests: then what was added meanwhile counts twice, until the next one.
    /// Errors: those of reading directories.
    error_code count();

private:
    error_code set_aside(std::uint64_t more, std::uint64_t foreseen);
    void give_back(const claim& ended) noexcept;
    std::uint64_t stored() const noexcept;

    const int directory_;
    const space_limits limits_;
    std::atomic<std::uint64_t> free_{0};
    std::atomic<std::uint64_t> inodes_{0};  // that are free
    mutable std::mutex mutex_;
    std::int64_t stored_ =
        0;  // for a moment below 0: a removal may be told before the upload that it removed
    std::uint64_t claimed_ = 0;
    std::uint64_t occupied_ = 0;  // of them, by uploads that are on their way: no longer free
    std::uint64_t added_ = 0;     // bytes, since the start
    unsigned changing_ = 0;       // files that may be found or not
    std::uint64_t changes_ = 0;   // that have ended
    std::uint64_t counted_ = 0;   // counts that were used
    unsigned overtaken_ = 0;      // counts since that were not
};

}  // namespace fairlead::files
