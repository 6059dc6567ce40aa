#include "files/open_files.hpp"

#include "http/date.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace fairlead::files {
namespace {

/// Times at which a file was last written or replaced, seen from `today`.
std::chrono::nanoseconds age_of(const file_info& info, std::chrono::system_clock::time_point today) noexcept {
    const auto newest = std::chrono::nanoseconds(std::max(info.mtime_ns, info.ctime_ns));
    return std::chrono::duration_cast<std::chrono::nanoseconds>(today.time_since_epoch()) - newest;
}

/// Reads exactly `size` bytes. With `RWF_NOWAIT` only from the page cache.
bool read_whole(int fd, std::string& out, std::uint64_t size, bool may_block) {
    out.resize(size);
    for (std::size_t done = 0; done < out.size();) {
        const iovec piece{out.data() + done, out.size() - done};
        const auto n = ::preadv2(fd, &piece, 1, static_cast<off_t>(done), may_block ? 0 : RWF_NOWAIT);
        if (n < 0 && errno == EINTR) continue;
        // A file system without RWF_NOWAIT says EOPNOTSUPP: it keeps its data in memory or is asked by the pool.
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

}  // namespace

open_files::open_files(sandbox root, open_files_limits limits, head_builder build_head)
    : root_(std::move(root)), limits_(limits), build_head_(std::move(build_head)) {}

open_files::shard& open_files::shard_of(std::string_view relative) noexcept {
    return shards_[text_hash{}(relative) % shard_count];
}

open_files::found open_files::find_now(std::string_view relative, steady::time_point now, wall::time_point today) {
    if (auto cached = lookup(relative, now)) return cached;
    return load(relative, false, now, today);
}

open_files::found open_files::open(std::string_view relative, steady::time_point now, wall::time_point today) {
    if (auto cached = lookup(relative, now)) return cached;
    return load(relative, true, now, today);
}

std::shared_ptr<const open_file> open_files::lookup(std::string_view relative, steady::time_point now) {
    auto& part = shard_of(relative);
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_path.find(relative);
    if (place == part.by_path.end()) return nullptr;
    auto& known = *place->second;
    if (now - known.checked >= limits_.revalidate_after) return nullptr;
    known.was_used = true;
    return known.file;
}

result<sandbox::opened> open_files::open_or_make_room(std::string_view relative, bool may_block) {
    opened_.fetch_add(1, std::memory_order_relaxed);
    auto file = may_block ? root_.open_file(relative) : root_.open_file_now(relative);
    if (file || (file.error().value() != EMFILE && file.error().value() != ENFILE)) return file;
    // Descriptors that only the cache holds are better spent on this request.
    clear();
    return may_block ? root_.open_file(relative) : root_.open_file_now(relative);
}

open_files::found open_files::load(std::string_view relative, bool may_block, steady::time_point now,
                                   wall::time_point today) {
    auto opened = open_or_make_room(relative, may_block);
    if (!opened) return opened.error();
    const auto info = inspect(opened->fd.get());
    if (!info) return info.error();
    if (auto same = renew(relative, *info, opened->final_path, now)) return same;

    auto file = std::make_shared<open_file>();
    file->info = *info;
    file->name = relative;
    file->final_path = std::move(opened->final_path);
    if (info->kind != file_kind::regular) return file;
    file->fd = std::move(opened->fd);
    file->etag = make_entity_tag(*info);
    const auto today_s = std::chrono::duration_cast<std::chrono::seconds>(today.time_since_epoch()).count();
    file->last_modified = std::min<std::int64_t>(info->mtime_ns / 1'000'000'000, today_s);
    file->last_modified_text = http::view(http::format_date(file->last_modified));
    if (info->size <= limits_.content_size && !read_content(*file, may_block)) {
        if (!may_block) return errno_code(EAGAIN);
    }
    file->head = build_head_(file->final_path.empty() ? relative : std::string_view(file->final_path), *file);
    if (age_of(*info, today) >= limits_.distrust_younger_than) keep(relative, file, now);
    return file;
}

/// Reads a small file whole. False when that is not possible, or the file was written meanwhile: then it is sent from
/// its descriptor, with the checks that the sender makes.
bool open_files::read_content(open_file& file, bool may_block) const {
    if (!read_whole(file.fd.get(), file.content, file.info.size, may_block)) {
        file.content = {};
        return false;
    }
    const auto after = inspect(file.fd.get());
    file.has_content = after && *after == file.info;
    if (!file.has_content) file.content = {};
    return file.has_content;
}

/// If the entry for `relative` is still the file that `info` describes, it is good for another while.
std::shared_ptr<const open_file> open_files::renew(std::string_view relative, const file_info& info,
                                                   std::string_view final_path, steady::time_point now) {
    auto& part = shard_of(relative);
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_path.find(relative);
    if (place == part.by_path.end()) return nullptr;
    auto& known = *place->second;
    if (known.file->info != info || known.file->final_path != final_path) {
        forget(part, place->second);
        return nullptr;
    }
    known.checked = now;
    known.was_used = true;
    return known.file;
}

void open_files::keep(std::string_view relative, const std::shared_ptr<const open_file>& file, steady::time_point now) {
    const auto entries = std::max<std::size_t>(limits_.entries / shard_count, 1);
    const auto bytes = limits_.content_bytes / shard_count;
    if (file->content.size() > bytes) return;
    auto& part = shard_of(relative);
    const std::lock_guard guard(part.mutex);
    if (const auto old = part.by_path.find(relative); old != part.by_path.end()) forget(part, old->second);
    evict(part, entries - 1, bytes - file->content.size());
    part.entries.push_back({std::string(relative), file, now, false});
    const auto added = std::prev(part.entries.end());
    part.by_path.emplace(added->path, added);
    part.content_bytes += file->content.size();
}

void open_files::evict(shard& from, std::size_t entries, std::uint64_t bytes) {
    while (from.entries.size() > entries || from.content_bytes > bytes) {
        const auto oldest = from.entries.begin();
        if (std::exchange(oldest->was_used, false)) from.entries.splice(from.entries.end(), from.entries, oldest);
        else forget(from, oldest);
    }
}

void open_files::forget(shard& from, std::list<entry>::iterator which) {
    from.content_bytes -= which->file->content.size();
    from.by_path.erase(which->path);
    from.entries.erase(which);
}

open_files::usage open_files::current() const {
    usage total;
    total.opened = opened_.load(std::memory_order_relaxed);
    for (const auto& part : shards_) {
        const std::lock_guard guard(part.mutex);
        total.entries += part.entries.size();
        total.content_bytes += part.content_bytes;
    }
    return total;
}

void open_files::clear() {
    for (auto& part : shards_) {
        const std::lock_guard guard(part.mutex);
        part.by_path.clear();
        part.entries.clear();
        part.content_bytes = 0;
    }
}

}  // namespace fairlead::files
