#include "files/snapshot.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace fairlead::files {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t huge_page = 2 * 1024 * 1024;
// Larger ones have a chunk of their own, or too much of the shared ones would stay empty.
constexpr std::size_t most_shared = huge_page / 4;

// A huge page is given back as a whole: not while one snapshot in it lives, nor while a client has yet to
// take a page of it. So they are made where contents stay, and are rationed where contents come and go.
constexpr std::size_t most_wasted = 16 * 1024 * 1024;  // bytes, beside as many as are in use
constexpr int most_at_once = 64;                       // chunks, and then one in each interval
constexpr std::chrono::seconds ration_interval{10};

std::size_t in_whole_pages(std::size_t size) noexcept {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

}  // namespace

/// Memory that is filled from its front, once.
class snapshot::chunk {
public:
    /// One of `size` bytes, in whole pages. Error: ENOMEM.
    static result<std::shared_ptr<chunk>> map(std::size_t size) {
        auto made = std::make_shared<chunk>();
        if (const auto failed = made->map_pages(size)) return failed;
        return made;
    }
    /// One that can be a huge page.
    static result<std::shared_ptr<chunk>> map_huge() {
        auto made = std::make_shared<chunk>();
        if (const auto failed = made->map_pages(2 * huge_page)) return failed;
        made->trim_to(huge_page);
        (void)::madvise(made->begin_, huge_page, MADV_HUGEPAGE);  // without, it costs what it costs
        return made;
    }
    chunk() = default;
    chunk(const chunk&) = delete;
    chunk& operator=(const chunk&) = delete;
    ~chunk() {
        if (begin_) ::munmap(begin_, size_);
    }

    std::size_t left() const noexcept { return size_ - used_; }
    /// Where so many bytes are to be copied, by whoever calls `let_go` then. Not thread safe.
    char* reserve(std::size_t size) noexcept {
        users_.fetch_add(1, std::memory_order_relaxed);
        return begin_ + std::exchange(used_, used_ + in_whole_pages(size));
    }
    /// After the last one, nobody can change what is there. Only as a whole: a part with other rights would
    /// be no huge page any more.
    void let_go() noexcept {
        if (users_.fetch_sub(1) == 1) (void)::mprotect(begin_, size_, PROT_READ);
    }

private:
    error_code map_pages(std::size_t size) noexcept {
        void* const memory =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return last_error();
        begin_ = static_cast<char*>(memory);
        size_ = size;
        return {};
    }
    /// Leaves `size` bytes, half of it, aligned to that.
    void trim_to(std::size_t size) noexcept {
        const auto before = (size - reinterpret_cast<std::uintptr_t>(begin_) % size) % size;
        if (before > 0) ::munmap(begin_, before);
        ::munmap(begin_ + before + size, size - before);
        begin_ += before;
        size_ = size;
    }

    char* begin_ = nullptr;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
    std::atomic<int> users_{1};  // who copies into it, and who fills it
};

/// The chunk that is being filled, and how many there are.
class snapshot::shared_chunks {
public:
    static shared_chunks& of_this_process() {
        static shared_chunks all;
        return all;
    }

    struct place {
        std::shared_ptr<chunk> where;  ///< nullptr: it has to have a chunk of its own
        char* begin = nullptr;
    };
    place reserve(std::size_t size) {
        const std::lock_guard guard(mutex_);
        if ((!being_filled_ || being_filled_->left() < size) && !begin_next()) return {};
        alive_ += in_whole_pages(size);
        return {being_filled_, being_filled_->reserve(size)};
    }
    void discard(std::size_t size) noexcept { alive_ -= in_whole_pages(size); }

private:
    bool begin_next() {
        const auto now = clock::now();
        const auto due = (now - rationed_) / ration_interval;
        rationed_ += due * ration_interval;
        ration_ = static_cast<int>(std::min<std::int64_t>(most_at_once, ration_ + due));
        if (ration_ == 0 || mapped_ > 2 * alive_ + most_wasted) return false;
        auto next = chunk::map_huge();
        if (!next) return false;
        --ration_;
        mapped_ += huge_page;
        // Before the old one is let go, which cannot be taken back: memory may run out here.
        std::shared_ptr<chunk> fresh(next->get(), [owner = *next, this](chunk*) mutable {
            owner.reset();
            mapped_ -= huge_page;
        });
        if (being_filled_) being_filled_->let_go();
        being_filled_ = std::move(fresh);
        return true;
    }

    std::atomic<std::size_t> mapped_{0};  // bytes of chunks
    std::atomic<std::size_t> alive_{0};   // bytes of pages of snapshots in them
    std::mutex mutex_;
    std::shared_ptr<chunk> being_filled_;
    int ration_ = most_at_once;
    clock::time_point rationed_ = clock::now();
};

result<snapshot> snapshot::of(std::string_view bytes) {
    snapshot made;
    if (bytes.empty()) return made;
    shared_chunks::place place;
    if (bytes.size() <= most_shared) place = shared_chunks::of_this_process().reserve(bytes.size());
    made.is_shared_ = static_cast<bool>(place.where);
    if (!place.where) {
        auto own = chunk::map(in_whole_pages(bytes.size()));
        if (!own) return own.error();
        place = {*own, (*own)->reserve(bytes.size())};
        place.where->let_go();  // nothing else will be copied there
    }
    // The first touch of a page may take its time, so no lock is held.
    std::memcpy(place.begin, bytes.data(), bytes.size());
    place.where->let_go();
    made.bytes_ = {place.begin, bytes.size()};
    made.chunk_ = std::move(place.where);
    return made;
}

snapshot::~snapshot() {
    if (!is_shared_) return;
    // The system has use for the pages when the whole huge page is free, or as soon as it splits it.
    (void)::madvise(const_cast<char*>(bytes_.data()), in_whole_pages(bytes_.size()), MADV_DONTNEED);
    shared_chunks::of_this_process().discard(bytes_.size());
}

}  // namespace fairlead::files
