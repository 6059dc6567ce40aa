#pragma once

#include "files/file_cache.hpp"
#include "files/open_file.hpp"
#include "files/sandbox.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::files {

struct open_files_limits {
    // The first three are those of file_cache::bounds.
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
    void invalidate(std::string_view relative) { cache_.invalidate(key(relative)); }
    /// Forgets files that nobody asked for within `let_go_after` and that are held open themselves: until
    /// then a removed one keeps its space, and its file system cannot be unmounted.
    void let_go_unused(steady::time_point now) { cache_.let_go_unused(now, limits_.let_go_after); }
    /// Lets half of the descriptors go, when the process has none left. False when there were none.
    bool make_room() { return cache_.make_room(); }
    /// Forgets everything; what is in use stays open until it is let go.
    void clear() { cache_.clear(); }

    struct usage : file_cache::usage {
        std::uint64_t opened = 0;  ///< opens through the sandbox since the start
    };
    usage current() const { return {cache_.current(), opened_.load(std::memory_order_relaxed)}; }

private:
    using key = file_cache::key;
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

    found find(std::string_view relative, bool may_block);
    found find(std::string_view relative, bool may_block, steady::time_point now, wall::time_point today);
    std::shared_ptr<const open_file> lookup(const key& path, steady::time_point now) {
        return cache_.find(path, now, limits_.revalidate_after);
    }
    found load(search what);
    result<sandbox::opened> open_or_make_room(std::string_view path, bool may_block);
    result<std::vector<opened_file>> open_siblings(const search& what, const opened_file& original);
    static bool is_same(const open_file& known, const opened_file& seen,
                        const std::vector<opened_file>& siblings);
    result<std::shared_ptr<open_file>> take(const search& what, opened_file&& seen);
    error_code read(const search& what, open_file& file) const;
    error_code take_siblings(const search& what, open_file& file, std::vector<opened_file>&& siblings);
    void finish(const search& what, open_file& file, const open_file& original) const;

    const sandbox root_;
    const open_files_limits limits_;
    const rules rules_;
    file_cache cache_;
    std::atomic<std::uint64_t> opened_{0};
};

}  // namespace fairlead::files
