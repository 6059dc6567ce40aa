#pragma once

#include "files/file_info.hpp"
#include "files/sandbox.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::files {

/// One opened file, as it was when it was opened. Does not change; whoever holds it keeps the descriptor.
struct open_file {
    unique_fd fd;                    ///< empty for special files and directories
    file_info info;
    std::string name;                ///< the path that was asked for, relative to the root
    std::string final_path;          ///< where a link led, relative to the root; empty without link
    std::string etag;                ///< with quotes; empty unless regular
    std::int64_t last_modified = 0;  ///< seconds since the epoch, never in the future
    std::string last_modified_text;  ///< IMF-fixdate
    std::string head;                ///< field lines that every answer with this file has, each with CRLF
    bool has_content = false;        ///< `content` holds the whole file
    std::string content;
};

struct open_files_limits {
    std::size_t entries = 4096;
    std::uint64_t content_bytes = 64 * 1024 * 1024;   ///< of all cached contents together
    std::uint64_t content_size = 64 * 1024;           ///< largest file whose content is kept
    std::chrono::milliseconds revalidate_after{1000};
    std::chrono::milliseconds distrust_younger_than{2000};
};

/// The cache of open files: descriptor, metadata, prebuilt head and small contents by path. Bounded by entries and
/// bytes. An entry is at most `revalidate_after` old: then the path is opened again through the sandbox, never only
/// `fstat`ed, so a replaced file, a removed one and a new link are all seen. A file that was written a moment ago is
/// opened for each request, since its mtime may not tell its next change. Errors are not cached. Thread safe.
class open_files {
public:
    using steady = std::chrono::steady_clock;
    using wall = std::chrono::system_clock;
    /// Gives `open_file::head`; called once for each opened file.
    using head_builder = std::function<std::string(std::string_view path, const open_file& file)>;
    using found = result<std::shared_ptr<const open_file>>;

    open_files(sandbox root, open_files_limits limits, head_builder build_head);

    /// The file at `relative` (no leading slash). Never blocks: EAGAIN means that the disk has to be asked, by `open`.
    found find_now(std::string_view relative) { return find_now(relative, steady::now(), wall::now()); }
    found find_now(std::string_view relative, steady::time_point now, wall::time_point today);
    /// The same; may block.
    found open(std::string_view relative) { return open(relative, steady::now(), wall::now()); }
    found open(std::string_view relative, steady::time_point now, wall::time_point today);

    struct usage {
        std::size_t entries = 0;
        std::uint64_t content_bytes = 0;
        std::uint64_t opened = 0;  ///< opens through the sandbox since the start
    };
    usage current() const;
    /// Forgets everything; what is in use stays open until it is let go.
    void clear();

private:
    struct entry {
        std::string path;
        std::shared_ptr<const open_file> file;
        steady::time_point checked;
        bool was_used = false;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    // Shards keep threads apart; within one, second-chance eviction costs a hit one store and no list operation.
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string_view, std::list<entry>::iterator, text_hash, std::equal_to<>> by_path;
        std::list<entry> entries;  // in the order of the clock hand
        std::uint64_t content_bytes = 0;
    };
    static constexpr std::size_t shard_count = 16;

    shard& shard_of(std::string_view relative) noexcept;
    std::shared_ptr<const open_file> lookup(std::string_view relative, steady::time_point now);
    found load(std::string_view relative, bool may_block, steady::time_point now, wall::time_point today);
    result<sandbox::opened> open_or_make_room(std::string_view relative, bool may_block);
    bool read_content(open_file& file, bool may_block) const;
    void keep(std::string_view relative, const std::shared_ptr<const open_file>& file, steady::time_point now);
    std::shared_ptr<const open_file> renew(std::string_view relative, const file_info& info, std::string_view final_path,
                                           steady::time_point now);
    void evict(shard& from, std::size_t entries, std::uint64_t bytes);
    void forget(shard& from, std::list<entry>::iterator which);

    const sandbox root_;
    const open_files_limits limits_;
    const head_builder build_head_;
    std::array<shard, shard_count> shards_;
    std::atomic<std::uint64_t> opened_{0};
};

}  // namespace fairlead::files
