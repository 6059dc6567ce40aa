#pragma once

#include "base/error.hpp"
#include "files/upload_store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace fairlead::files {

/// What the first request with an Idempotency-Key was answered.
struct answer_record {
    std::string fingerprint;  ///< of what was sent: another one is another request
    std::string location;
    std::string etag;
    std::string digest;  ///< value of Repr-Digest; empty without
    std::string body;
    bool operator==(const answer_record&) const = default;
};

/// The durable memory of first answers: a file for each key in `.fairlead-keys/` of the store.
///
/// The name that a file gets is derived from its key, so the commit of the upload itself is what a second
/// request runs into; the record is written after it and serves when the file has been moved away. Thread
/// safe; calls may block unless said otherwise.
class answer_records {
public:
    /// Where the records stand, below the store.
    static constexpr std::string_view directory_name = ".fairlead-keys";

    /// Records count for `lifetime`, and there are at most `most`. Throws std::runtime_error when there are
    /// records that cannot be used.
    answer_records(upload_store& store, std::chrono::milliseconds lifetime, std::size_t most);

    /// True once `prepare` has succeeded, and from the start where there are records. Does not block.
    bool is_ready() const noexcept { return is_ready_.load(std::memory_order_acquire); }
    /// Makes, durably, the directory and the secret that names are derived with. Not before the first key
    /// comes: a store without keys has nothing but uploads in it. Errors: those of writing; EINVAL for a
    /// secret that is none.
    error_code prepare();

    /// The identity of a key that was sent to `scope` (a path): 32 hexadecimal digits that nobody can guess
    /// who does not know the secret. Only once this is ready. Does not block.
    std::string identity(std::string_view scope, std::string_view key) const;

    /// The right to be the only request with a key.
    class claim {
    public:
        claim(claim&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), identity_(std::move(other.identity_)) {}
        claim& operator=(claim&&) = delete;
        ~claim() {
            if (owner_) owner_->give_back(identity_);
        }
        const std::string& identity() const noexcept { return identity_; }

    private:
        friend class answer_records;
        claim(answer_records* owner, std::string identity) noexcept
            : owner_(owner), identity_(std::move(identity)) {}
        answer_records* owner_;
        std::string identity_;
    };
    /// Nothing: another request with this key is under way. Does not block.
    std::optional<claim> try_claim(std::string identity);

    /// What was remembered for the key and is not too old, or nothing; on the disk by then. Errors: those of
    /// reading, and of the sync.
    result<std::optional<answer_record>> find(const claim& of);

    /// Whether what was written at that time (since the epoch) counts no more.
    bool is_over(std::int64_t mtime_ns) const noexcept;

    /// Remembers the answer; on the disk when it returns, if the store is durable. The upload itself was
    /// placed, durably, before. Errors: those of writing.
    error_code remember(const claim& of, const answer_record& what);

    /// Removes records whose time is over, and the oldest ones above the limit.
    void expire();

private:
    error_code load_secret();
    error_code forget(const std::string& name);
    void give_back(const std::string& identity) noexcept;

    upload_store& store_;
    const std::chrono::milliseconds lifetime_;
    const std::size_t most_;
    std::shared_ptr<store_directory> directory_;
    std::string secret_;
    std::atomic<bool> is_ready_{false};
    std::mutex mutex_;
    std::set<std::string> under_way_;
    std::size_t count_ = 0;  // of records, about
};

}  // namespace fairlead::files
