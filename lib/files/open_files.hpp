#pragma once

#include "base/sha.hpp"
#include "files/file_info.hpp"
#include "files/sandbox.hpp"
#include "files/snapshot.hpp"
#include "http/content_coding.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::files {

/// What a site says with a file: made once, when it is opened.
struct file_head {
    std::string lines;  ///< field lines that every answer with the file has, each with CRLF; empty when it
                        ///< may not be served: what counts is where it really lies
    std::string unchanged;                        ///< those of a 304 (RFC 9110 section 15.4.5)
    std::optional<std::chrono::seconds> max_age;  ///< of its Cache-Control
    bool may_be_coded = false;  ///< may be compressed when that is asked for; never for what is coded already
};

/// One opened file, as it was when it was opened. Does not change; whoever holds it keeps the descriptor and
/// the content.
struct open_file {
    unique_fd fd;  ///< empty for special files, directories, and when its content is kept
    file_info info;
    std::string name;                  ///< the path that was asked for, relative to the root
    std::string final_path;            ///< where a link led, relative to the root; empty without link
    std::string etag;                  ///< with quotes; empty unless regular
    std::optional<sha_digest> digest;  ///< that was kept with an upload
    std::int64_t last_modified = 0;    ///< seconds since the epoch, never in the future
    std::string last_modified_text;    ///< IMF-fixdate
    file_head head;
    http::content_coding coding = http::content_coding::identity;  ///< of a sibling: what its content is in
    /// The same content in a coding, from a file of its own beside this one (`x.js.br`).
    std::vector<std::shared_ptr<const open_file>> siblings;
    bool has_content = false;  ///< `content` holds the whole file
    std::string content;
    snapshot pages;                                      ///< or this does
    std::chrono::system_clock::time_point copied_until;  ///< up to then it is sent by copying

    /// Where it really lies, relative to the root.
    const std::string& lies_at() const noexcept { return final_path.empty() ? name : final_path; }
    /// The whole of it, when it is kept in memory.
    std::optional<std::string_view> kept() const noexcept;
    /// Moves `content` into `pages`. Without memory for both at once it stays where it is.
    void move_to_pages();
    /// Whether an answer depends on Accept-Encoding.
    bool is_negotiable() const noexcept { return head.may_be_coded || !siblings.empty(); }
};

struct open_files_limits {
    // The first three are shared out to 16 shards and rounded up there.
    std::size_t entries = 4096;
    std::size_t descriptors = 1024;                  ///< of files whose content is not kept
    std::uint64_t content_bytes = 64 * 1024 * 1024;  ///< of all cached contents together
    std::uint64_t content_size = 256 * 1024;         ///< largest file whose content is kept
    /// Largest one that is kept as bytes, and copied into each answer; a larger one is kept in pages that are
    /// sent as they are. Measured: the further calls cost what copying this much does.
    std::uint64_t copied_size = 12 * 1024;
    std::chrono::milliseconds revalidate_after{1000};
    std::chrono::milliseconds distrust_younger_than{2000};
    std::chrono::milliseconds let_go_after{10'000};  ///< of files held open that nobody asks for
    /// Within this time a file is taken to be asked for by one request, which may look at it several times.
    std::chrono::milliseconds one_request{100};
    /// A larger file that was changed within this time is sent by copying: sendfile() queues its pages, so a
    /// rewrite in place shows in what the client has yet to read, after every check. Copying costs a large
    /// answer more than twice its time.
    std::chrono::milliseconds copied_for{10'000};
};

/// The cache of open files: descriptor or content, metadata and prebuilt head by path. Bounded by entries,
/// descriptors and bytes; when it is full, it takes in what is asked for a second time. An entry is at most
/// `revalidate_after` old: then the path is opened again through the sandbox, never only `fstat`ed, so a
/// replaced file, a removed one and a new link are all seen. A file that was written a moment ago is opened
/// for each request, since its mtime may not tell its next change, and read where that may block, since a
/// write may be under way. Errors are not cached. Thread safe.
class open_files {
public:
    using steady = std::chrono::steady_clock;
    using wall = std::chrono::system_clock;
    /// What the site decides. `path` is where a file really lies.
    struct rules {
        /// Called once for each opened regular file, when all else of it is known; for a sibling with the
        /// path of the file that it belongs to.
        std::function<file_head(std::string_view path, const open_file& file)> head;
        /// The codings in which a file may have siblings; not set: none.
        std::function<std::span<const http::content_coding>(std::string_view path)> sibling_codings;
        /// Whether the digest that an upload keeps with its file is looked for: it makes the entity tag.
        bool are_uploads = false;
    };
    using found = result<std::shared_ptr<const open_file>>;

    open_files(sandbox root, open_files_limits limits, rules site_rules);

    const sandbox& root() const noexcept { return root_; }

    /// The file at `relative` (no leading slash). Never blocks: EAGAIN means that the disk has to be asked,
    /// by `open`.
    found find_now(std::string_view relative) { return find(relative, false); }
    found find_now(std::string_view relative, steady::time_point now, wall::time_point today) {
        return find(relative, false, now, today);
    }
    /// The same; may block.
    found open(std::string_view relative) { return find(relative, true); }
    found open(std::string_view relative, steady::time_point now, wall::time_point today) {
        return find(relative, true, now, today);
    }

    /// Only what the cache has and may still be used at `now`, else nullptr. Never a system call.
    std::shared_ptr<const open_file> find_cached(std::string_view relative, steady::time_point now) {
        return lookup(key(relative), now);
    }

    /// False when the file was written so recently that its next change might leave the same mtime (the
    /// granularity of the file system's clock), or that it may be half written.
    bool is_settled(const file_info& info, wall::time_point today) const noexcept;

    /// Forgets `relative` at once, also for an `open` that is under way: for who has just replaced or removed
    /// that file. Another name of the same file (a link) is seen when its own entry expires.
    void invalidate(std::string_view relative);
    /// Forgets files that nobody asked for within `let_go_after` and that are held open themselves: until
    /// then a removed one keeps its space, and its file system cannot be unmounted.
    void let_go_unused(steady::time_point now);
    /// Lets half of the descriptors go, when the process has none left. False when there were none.
    bool make_room();
    /// Forgets everything; what is in use stays open until it is let go.
    void clear();

    struct usage {
        std::size_t entries = 0;
        std::size_t descriptors = 0;
        std::uint64_t content_bytes = 0;
        std::uint64_t hits = 0;    ///< files found without asking the file system, since the start
        std::uint64_t opened = 0;  ///< opens through the sandbox since the start
    };
    usage current() const;

private:
    // A path with its hash, which is computed once for the shard and for the place in it.
    struct key {
        explicit key(std::string_view path) noexcept
            : text(path), hash(std::hash<std::string_view>{}(path)) {}
        std::string_view text;
        std::size_t hash;
        bool operator==(const key&) const = default;
    };
    struct key_hash {
        std::size_t operator()(const key& path) const noexcept { return path.hash; }
    };
    struct entry {
        std::string path;
        std::shared_ptr<const open_file> file;
        steady::time_point checked;
        bool was_used = false;
    };
    // Shards keep threads apart; within one, second-chance eviction costs a hit one store and no list
    // operation.
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<key, std::list<entry>::iterator, key_hash> by_path;  // views of entry::path
        std::list<entry> entries;  // in the order of the clock hand
        // Paths that were asked for while there was no room, each in a place that it has with
        // others: as long as about as many others come as the cache has entries.
        struct asked {
            std::size_t hash = 0;
            steady::time_point when;
        };
        std::vector<asked> asked_for;
        asked& place_of(const key& path) noexcept {
            return asked_for[path.hash / shard_count % asked_for.size()];
        }
        std::size_t descriptors = 0;
        std::uint64_t content_bytes = 0;
        std::uint64_t hits = 0;
    };
    // What one shard may hold.
    struct bounds {
        std::size_t entries;
        std::size_t descriptors;
        std::uint64_t content_bytes;
    };
    // One call: what is looked for, at what time, and in which state of the cache it began.
    struct search {
        key path;
        bool may_block;
        steady::time_point now;
        wall::time_point today;
        std::uint64_t invalidations;
        bool is_welcome = true;
    };
    // A file that the sandbox opened, and what it is.
    struct opened_file {
        unique_fd fd;
        std::string final_path;
        file_info info;
        http::content_coding coding = http::content_coding::identity;
    };
    static constexpr std::size_t shard_count = 16;

    shard& shard_of(const key& path) noexcept { return shards_[path.hash % shard_count]; }
    found find(std::string_view relative, bool may_block);
    found find(std::string_view relative, bool may_block, steady::time_point now, wall::time_point today);
    std::shared_ptr<const open_file> lookup(const key& path, steady::time_point now);
    found load(search what);
    bool is_welcome(const search& what, const file_info& info);
    void remember(const search& what);
    result<sandbox::opened> open_or_make_room(std::string_view path, bool may_block);
    result<std::vector<opened_file>> open_siblings(const search& what, const opened_file& original);
    std::shared_ptr<const open_file> renew(const search& what, const opened_file& seen,
                                           const std::vector<opened_file>& siblings);
    result<std::shared_ptr<open_file>> take(const search& what, opened_file&& seen);
    error_code read(const search& what, open_file& file) const;
    error_code take_siblings(const search& what, open_file& file, std::vector<opened_file>&& siblings);
    void finish(const search& what, open_file& file, const open_file& original) const;
    void keep(const search& what, const std::shared_ptr<const open_file>& file);
    void forget(const key& path);
    // `gone` is let go after the shard's lock: closing the last descriptor of a removed file may take its
    // time.
    static void evict(shard& from, const bounds& most, std::list<entry>& gone);
    static void erase(shard& from, std::list<entry>::iterator which, std::list<entry>& gone);

    const sandbox root_;
    const open_files_limits limits_;
    const bounds bounds_;
    const rules rules_;
    std::array<shard, shard_count> shards_;
    std::atomic<std::uint64_t> invalidations_{0};
    std::atomic<std::uint64_t> opened_{0};
};

}  // namespace fairlead::files
