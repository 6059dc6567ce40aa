#pragma once

#include "base/event.hpp"
#include "base/task.hpp"
#include "files/open_files.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fairlead::handlers {

/// Compressed contents of files, kept so that each is compressed once while it does not change. Bounded by
/// bytes; what was used longest ago goes first. Thread safe.
class coded_files {
public:
    using file_pointer = std::shared_ptr<const files::open_file>;

    /// Files up to this size are compressed as a whole and kept; larger ones are compressed while they are
    /// sent.
    static constexpr std::uint64_t largest_kept = 4 * 1024 * 1024;
    /// Most files that are compressed while they are sent at once, since each takes an encoder's memory.
    static constexpr int most_streams = 8;
    /// Most files that wait for their compression as a whole, or are at it.
    static constexpr std::size_t most_at_work = 64;

    /// Bytes of contents that clients may hold beside what is kept.
    static constexpr std::uint64_t most_beside = 64 * 1024 * 1024;

    /// Keeps at most `bytes` of contents; 0: none.
    explicit coded_files(std::uint64_t bytes) noexcept : most_bytes_(bytes) {}

    /// Whether what is made of a file of this size is made as a whole, and kept if anything is.
    bool is_made_whole(std::uint64_t size) const noexcept {
        return size <= largest_kept && (most_bytes_ == 0 || size <= most_bytes_);
    }

    /// The name of a file in a coding. `root` tells the same path below different roots apart.
    static std::string key_of(const void* root, const files::open_file& original,
                              http::content_coding coding);

    /// What is kept under the key, or nullptr.
    file_pointer find(const std::string& key);

    /// The exclusive right to make what has this key; given back when destroyed.
    class claim {
    public:
        claim(claim&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
        claim& operator=(claim&&) = delete;
        ~claim() {
            if (owner_) owner_->give_back(key_);
        }

    private:
        friend class coded_files;
        claim(coded_files* owner, std::string key) noexcept : owner_(owner), key_(std::move(key)) {}
        coded_files* owner_;
        std::string key_;
    };
    /// Nothing when somebody else is at it, or when `most_at_work` are at something. Where nothing is kept,
    /// the same may be made several times.
    std::optional<claim> try_claim(std::string key);

    /// Returns when nobody is at what has this key.
    task<> wait_for(std::string key);

    /// The same file, counted as long as anybody has it: the cache, or clients who are slow to take what the
    /// cache has given up.
    file_pointer count(file_pointer made);
    /// Whether more may be made: what is counted is not above what may be kept, and `most_beside`. What
    /// `most_at_work` are at comes on top.
    bool has_room() const noexcept { return counted_ <= most_bytes_ + most_beside; }

    /// Keeps what was made.
    void keep(const claim& made, file_pointer file);

    /// Compresses all of `original` into `coded`, whose other members are the caller's. Blocks, and works:
    /// for a thread of the pool. Errors: errc::file_changed, errc::cancelled after `stop`, the errno of a
    /// read, the encoder's.
    error_code fill(const files::open_file& original, int level, files::open_file& coded) const;

    /// Ends compressions that are under way soon, and those that come at once.
    void stop() noexcept { is_stopped_.store(true, std::memory_order_relaxed); }

    /// A place among `most_streams`, until it is destroyed; nullptr when there is none.
    std::shared_ptr<void> try_stream();

    struct usage {
        std::size_t entries = 0;
        std::uint64_t bytes = 0;
    };
    usage current() const;

private:
    struct entry {
        std::string key;
        file_pointer file;
    };
    struct shard {
        mutable std::mutex mutex;
        std::list<entry> entries;  // what was used last stands last
        std::unordered_map<std::string_view, std::list<entry>::iterator> by_key;  // views of entry::key
    };
    static constexpr std::size_t shard_count = 16;

    static std::size_t shard_of(std::string_view key) noexcept {
        return std::hash<std::string_view>{}(key) % shard_count;
    }
    void make_room(std::size_t first, std::list<entry>& gone);
    void give_back(const std::string& key);
    void take_out(shard& from, std::list<entry>::iterator which, std::list<entry>& gone);

    const std::uint64_t most_bytes_;
    std::atomic<std::uint64_t> bytes_{0};  // of all shards, since one may hold what the others leave
    std::atomic<std::uint64_t> counted_{0};
    std::array<shard, shard_count> shards_;
    std::mutex claims_mutex_;
    struct making {
        std::size_t claims = 0;
        std::vector<std::shared_ptr<event>> waiting;  // for its end
    };
    std::unordered_map<std::string, making> under_way_;
    std::size_t at_work_ = 0;  // claims of all
    std::atomic<int> streams_{0};
    std::atomic<bool> is_stopped_{false};
};

}  // namespace fairlead::handlers
