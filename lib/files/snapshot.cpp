#include "files/snapshot.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <mutex>

namespace fairlead::files {
namespace {

constexpr std::size_t huge_page = 2 * 1024 * 1024;
// Larger ones have a chunk of their own, or too much of the shared ones would stay empty.
constexpr std::size_t most_shared = huge_page / 4;

std::size_t in_whole_pages(std::size_t size) noexcept {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

}  // namespace

/// Memory that is filled from its front, once.
class snapshot::chunk {
public:
    /// `size` in whole pages; aligned to its own size, so that it can be one huge page.
    static result<std::shared_ptr<chunk>> map_aligned(std::size_t size) {
        auto made = map(2 * size);
        if (!made) return made;
        auto& it = **made;
        const auto address = reinterpret_cast<std::uintptr_t>(it.begin_);
        const auto before = (size - address % size) % size;
        if (before > 0) ::munmap(it.begin_, before);
        ::munmap(it.begin_ + before + size, size - before);
        it.begin_ += before;
        it.size_ = size;
        (void)::madvise(it.begin_, size, MADV_HUGEPAGE);  // without, it costs what it costs
        return made;
    }
    static result<std::shared_ptr<chunk>> map(std::size_t size) {
        void* const memory =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return last_error();
        return std::make_shared<chunk>(static_cast<char*>(memory), size);
    }
    chunk(char* begin, std::size_t size) noexcept : begin_(begin), size_(size) {}
    chunk(const chunk&) = delete;
    chunk& operator=(const chunk&) = delete;
    ~chunk() { ::munmap(begin_, size_); }

    std::size_t left() const noexcept { return size_ - used_; }
    std::string_view add(std::string_view bytes) noexcept {
        char* const place = begin_ + used_;
        std::memcpy(place, bytes.data(), bytes.size());
        used_ += in_whole_pages(bytes.size());
        return {place, bytes.size()};
    }
    /// Nothing is added any more, and nobody can change what is there. Only as a whole: a part with other
    /// rights would be no huge page any more.
    void close() noexcept { (void)::mprotect(begin_, size_, PROT_READ); }
    /// Gives pages back to the system, except for those that a connection still has.
    static void discard(std::string_view bytes) noexcept {
        (void)::madvise(const_cast<char*>(bytes.data()), in_whole_pages(bytes.size()), MADV_DONTNEED);
    }

private:
    char* begin_;
    std::size_t size_;
    std::size_t used_ = 0;
};

result<snapshot> snapshot::of(std::string_view bytes) {
    snapshot made;
    if (bytes.empty()) return made;
    if (bytes.size() > most_shared) {
        auto own = chunk::map(in_whole_pages(bytes.size()));
        if (!own) return own.error();
        made.bytes_ = (*own)->add(bytes);
        (*own)->close();
        made.chunk_ = std::move(*own);
        return made;
    }
    static std::mutex mutex;
    static std::shared_ptr<chunk> being_filled;
    const std::lock_guard guard(mutex);
    if (!being_filled || being_filled->left() < bytes.size()) {
        auto next = chunk::map_aligned(huge_page);
        if (!next) return next.error();
        if (being_filled) being_filled->close();
        being_filled = std::move(*next);
    }
    made.bytes_ = being_filled->add(bytes);
    made.chunk_ = being_filled;
    return made;
}

snapshot::~snapshot() {
    if (chunk_) chunk::discard(bytes_);
}

}  // namespace fairlead::files
