#include "files/open_files.hpp"

#include "files/steady_read.hpp"
#include "files/stored_digest.hpp"
#include "http/date.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::files {
namespace {

/// Memory that the cache holds for the content of a file and its siblings.
std::uint64_t content_bytes_of(const open_file& file) noexcept {
    std::uint64_t bytes = file.content.size() + file.pages.bytes().size();
    for (const auto& one : file.siblings) bytes += content_bytes_of(*one);
    return bytes;
}

std::size_t descriptors_of(const open_file& file) noexcept {
    std::size_t count = file.fd ? 1 : 0;
    for (const auto& one : file.siblings) count += descriptors_of(*one);
    return count;
}

/// An mtime in the future was set by hand and says nothing; then the ctime counts.
open_files::wall::time_point last_change(const file_info& info, open_files::wall::time_point today) noexcept {
    const auto time = [](std::int64_t since_epoch) {
        return open_files::wall::time_point(
            std::chrono::duration_cast<open_files::wall::duration>(std::chrono::nanoseconds(since_epoch)));
    };
    const auto ctime = time(info.ctime_ns);
    return time(info.mtime_ns) <= today ? std::max(time(info.mtime_ns), ctime) : ctime;
}

bool is_again(const error_code& error) noexcept {
    return error == boost::system::errc::resource_unavailable_try_again;
}

}  // namespace

std::optional<std::string_view> open_file::kept() const noexcept {
    if (has_content) return content;
    return pages ? std::optional(pages.bytes()) : std::nullopt;
}

void open_file::move_to_pages() {
    auto copied = snapshot::of(content);
    if (!copied) return;
    pages = std::move(*copied);
    has_content = false;
    content = {};
}

open_files::open_files(sandbox root, open_files_limits limits, rules site_rules)
    : root_(std::move(root)),
      limits_(limits),
      bounds_{(limits.entries + shard_count - 1) / shard_count,
              (limits.descriptors + shard_count - 1) / shard_count,
              (limits.content_bytes + shard_count - 1) / shard_count},
      rules_(std::move(site_rules)) {
    for (auto& part : shards_) part.asked_for.resize(bounds_.entries);
}

open_files::found open_files::find(std::string_view relative, bool may_block) {
    const key path(relative);
    const auto now = steady::now();
    if (auto cached = lookup(path, now)) return cached;
    return load({path, may_block, now, wall::now(), invalidations_.load(std::memory_order_acquire)});
}

open_files::found open_files::find(std::string_view relative, bool may_block, steady::time_point now,
                                   wall::time_point today) {
    const key path(relative);
    if (auto cached = lookup(path, now)) return cached;
    return load({path, may_block, now, today, invalidations_.load(std::memory_order_acquire)});
}

std::shared_ptr<const open_file> open_files::lookup(const key& path, steady::time_point now) {
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_path.find(path);
    if (place == part.by_path.end()) return nullptr;
    auto& known = *place->second;
    if (now - known.checked >= limits_.revalidate_after) return nullptr;
    known.was_used = true;
    ++part.hits;
    return known.file;
}

/// Whether the cache keeps it: when there is room, or when it was asked for not long ago and so is worth the
/// place of another one. Reading a file that nobody asks for again, and letting one go for it, costs more
/// than sending it does.
bool open_files::is_welcome(const search& what, const file_info& info) {
    const bool is_large = info.size > limits_.content_size;
    auto& part = shard_of(what.path);
    const std::lock_guard guard(part.mutex);
    const bool has_room = part.entries.size() < bounds_.entries &&
                          (!is_large || part.descriptors < bounds_.descriptors) &&
                          (is_large || part.content_bytes + info.size <= bounds_.content_bytes);
    if (has_room || part.asked_for.empty()) return has_room;
    const auto& last = part.place_of(what.path);
    return last.hash == what.path.hash && what.now - last.when >= limits_.one_request;
}

void open_files::remember(const search& what) {
    auto& part = shard_of(what.path);
    const std::lock_guard guard(part.mutex);
    if (part.asked_for.empty()) return;
    auto& last = part.place_of(what.path);
    if (last.hash != what.path.hash) last = {what.path.hash, what.now};
}

open_files::found open_files::load(search what) {
    auto opened = open_or_make_room(what.path.text, what.may_block);
    if (!opened) {
        // What is gone is let go, so that a removed file gives its space back.
        if (!is_again(opened.error())) forget(what.path);
        return opened.error();
    }
    const auto info = inspect(opened->fd.get());
    if (!info) return info.error();
    // Of one that was written just now the writer is waited for.
    if (!what.may_block && info->kind == file_kind::regular && !is_settled(*info, what.today))
        return errno_code(EAGAIN);
    opened_file seen{std::move(opened->fd), std::move(opened->final_path), *info};
    auto siblings = open_siblings(what, seen);
    if (!siblings) return siblings.error();
    if (auto same = renew(what, seen, *siblings)) return same;
    what.is_welcome = is_welcome(what, seen.info);

    auto file = take(what, std::move(seen));
    if (!file) return file.error();
    if ((*file)->info.kind != file_kind::regular) return std::move(*file);
    if (const auto failed = take_siblings(what, **file, std::move(*siblings))) return failed;
    finish(what, **file, **file);
    if (!what.is_welcome) {
        remember(what);
        return std::move(*file);
    }
    // One that is being written is held open, whatever its size.
    const bool is_torn = !(*file)->has_content && (*file)->info.size <= limits_.content_size;
    if (is_torn || !is_settled((*file)->info, what.today)) return std::move(*file);
    if ((*file)->content.size() > limits_.copied_size) (*file)->move_to_pages();
    keep(what, *file);
    return std::move(*file);
}

result<sandbox::opened> open_files::open_or_make_room(std::string_view path, bool may_block) {
    const auto open = [&] {
        opened_.fetch_add(1, std::memory_order_relaxed);
        return may_block ? root_.open_file(path) : root_.open_file_now(path);
    };
    auto file = open();
    if (file || (file.error().value() != EMFILE && file.error().value() != ENFILE)) return file;
    // Descriptors that only the cache holds are better spent on this request.
    return make_room() ? open() : std::move(file);
}

/// Those that may be sent in the place of `original`. Errors: EAGAIN only, where the disk has to be asked.
result<std::vector<open_files::opened_file>> open_files::open_siblings(const search& what,
                                                                       const opened_file& original) {
    std::vector<opened_file> siblings;
    if (original.info.kind != file_kind::regular || !rules_.sibling_codings) return siblings;
    const bool is_linked = !original.final_path.empty();
    const auto lies_at = is_linked ? std::string_view(original.final_path) : what.path.text;
    for (const auto coding : rules_.sibling_codings(lies_at)) {
        // Beside the file itself: who links to a file does not always link to its siblings.
        const auto name = std::string(lies_at).append(http::file_suffix(coding));
        auto opened = open_or_make_room(name, what.may_block);
        if (!opened && is_again(opened.error())) return opened.error();
        // A link could lead to anything, for example to what may not be served.
        if (!opened || !opened->final_path.empty()) continue;
        const auto info = inspect(opened->fd.get());
        // One that is older was made of other content, and one that was written just now may be half there.
        if (!info || info->kind != file_kind::regular || info->mtime_ns < original.info.mtime_ns ||
            !is_settled(*info, what.today))
            continue;
        siblings.push_back({std::move(opened->fd), {}, *info, coding});
    }
    return siblings;
}

/// If the entry is still the file that was seen, with the same siblings, it is good for another while.
std::shared_ptr<const open_file> open_files::renew(const search& what, const opened_file& seen,
                                                   const std::vector<opened_file>& siblings) {
    std::list<entry> gone;
    auto& part = shard_of(what.path);
    const std::lock_guard guard(part.mutex);
    const auto place = part.by_path.find(what.path);
    if (place == part.by_path.end()) return nullptr;
    auto& known = *place->second;
    const bool has_same_siblings =
        std::equal(siblings.begin(), siblings.end(), known.file->siblings.begin(), known.file->siblings.end(),
                   [](const opened_file& one, const auto& other) {
                       return one.coding == other->coding && one.info == other->info;
                   });
    if (known.file->info != seen.info || known.file->final_path != seen.final_path || !has_same_siblings) {
        erase(part, place->second, gone);
        return nullptr;
    }
    known.checked = std::max(known.checked, what.now);
    known.was_used = true;
    return known.file;
}

/// A file of what was opened: with its content, if that is small or to be kept, else with its descriptor.
result<std::shared_ptr<open_file>> open_files::take(const search& what, opened_file&& seen) {
    auto file = std::make_shared<open_file>();
    file->info = seen.info;
    file->name = what.path.text;
    file->final_path = std::move(seen.final_path);
    file->coding = seen.coding;
    if (seen.info.kind != file_kind::regular) return file;
    file->fd = std::move(seen.fd);
    const auto failed = read(what, *file);
    // One that is written all the time is sent from its descriptor, under the sender's checks.
    if (failed && failed != errc::file_changed) return failed;
    if (rules_.are_uploads) file->digest = kept_digest(file->fd.get(), file->info);
    if (file->has_content) file->fd.reset();
    return file;
}

/// Brings `info` up to date with one moment, and the content too, if it is small. errc::file_changed: there
/// is no such moment.
error_code open_files::read(const search& what, open_file& file) const {
    const bool is_fresh = !is_settled(file.info, what.today);
    const bool is_quiet = what.today - last_change(file.info, what.today) >= limits_.copied_for;
    if (file.info.size <= (what.is_welcome || !is_quiet ? limits_.content_size : limits_.copied_size)) {
        const auto failed = read_steady(file.fd.get(), file.info, file.content, is_fresh,
                                        {limits_.content_size, what.may_block});
        file.has_content = !failed;
        if (failed != errc::file_changed) return failed;
    } else if (!is_fresh) {
        return {};
    }
    return await_steady(file.fd.get(), file.info);
}

error_code open_files::take_siblings(const search& what, open_file& file,
                                     std::vector<opened_file>&& siblings) {
    for (auto& one : siblings) {
        const auto expected = one.info;
        auto taken = take(what, std::move(one));
        if (!taken) return taken.error();
        if ((*taken)->info != expected) continue;  // it is being written
        finish(what, **taken, file);
        if (what.is_welcome && (*taken)->content.size() > limits_.copied_size) (*taken)->move_to_pages();
        file.siblings.push_back(std::move(*taken));
    }
    return {};
}

/// Fills in what is derived. `original` is the file that a sibling belongs to, or the file itself.
void open_files::finish(const search& what, open_file& file, const open_file& original) const {
    file.etag = file.digest ? make_entity_tag(*file.digest) : make_entity_tag(file.info);
    file.copied_until = last_change(file.info, what.today) + limits_.copied_for;
    const auto today_s =
        std::chrono::duration_cast<std::chrono::seconds>(what.today.time_since_epoch()).count();
    file.last_modified = std::min<std::int64_t>(original.info.mtime_ns / 1'000'000'000, today_s);
    file.last_modified_text = http::view(http::format_date(file.last_modified));
    file.head = rules_.head(original.lies_at(), file);
}

bool open_files::is_settled(const file_info& info, wall::time_point today) const noexcept {
    return today - last_change(info, today) >= limits_.distrust_younger_than;
}

void open_files::keep(const search& what, const std::shared_ptr<const open_file>& file) {
    const auto descriptors = descriptors_of(*file);
    const auto bytes = content_bytes_of(*file);
    if (bounds_.entries == 0 || descriptors > bounds_.descriptors || bytes > bounds_.content_bytes) return;
    std::list<entry> gone;
    auto& part = shard_of(what.path);
    const std::lock_guard guard(part.mutex);
    // Read under the lock: an `invalidate` that this misses has yet to take the lock, and then removes the
    // entry.
    if (invalidations_.load(std::memory_order_acquire) != what.invalidations) return;
    if (const auto old = part.by_path.find(what.path); old != part.by_path.end())
        erase(part, old->second, gone);
    evict(part, {bounds_.entries - 1, bounds_.descriptors - descriptors, bounds_.content_bytes - bytes},
          gone);
    part.entries.push_back({std::string(what.path.text), file, what.now, false});
    const auto added = std::prev(part.entries.end());
    part.by_path.emplace(key(added->path), added);
    part.descriptors += descriptors;
    part.content_bytes += bytes;
}

/// The clock hand: who was used since it last came by may stay for another round.
void open_files::evict(shard& from, const bounds& most, std::list<entry>& gone) {
    for (;;) {
        const bool is_full = from.entries.size() > most.entries || from.content_bytes > most.content_bytes;
        if (!is_full && from.descriptors <= most.descriptors) return;
        const auto oldest = from.entries.begin();
        const bool helps = is_full || descriptors_of(*oldest->file) > 0;
        if (!helps || std::exchange(oldest->was_used, false))
            from.entries.splice(from.entries.end(), from.entries, oldest);
        else
            erase(from, oldest, gone);
    }
}

bool open_files::make_room() {
    bool freed = false;
    for (auto& part : shards_) {
        std::list<entry> gone;
        const std::lock_guard guard(part.mutex);
        freed = freed || part.descriptors > 0;
        evict(part, {bounds_.entries, part.descriptors / 2, bounds_.content_bytes}, gone);
    }
    return freed;
}

void open_files::erase(shard& from, std::list<entry>::iterator which, std::list<entry>& gone) {
    from.content_bytes -= content_bytes_of(*which->file);
    from.descriptors -= descriptors_of(*which->file);
    from.by_path.erase(key(which->path));
    gone.splice(gone.end(), from.entries, which);
}

void open_files::forget(const key& path) {
    std::list<entry> gone;
    auto& part = shard_of(path);
    const std::lock_guard guard(part.mutex);
    if (const auto place = part.by_path.find(path); place != part.by_path.end())
        erase(part, place->second, gone);
}

void open_files::invalidate(std::string_view relative) {
    invalidations_.fetch_add(1, std::memory_order_acq_rel);
    forget(key(relative));
}

void open_files::let_go_unused(steady::time_point now) {
    for (auto& part : shards_) {
        std::list<entry> gone;
        const std::lock_guard guard(part.mutex);
        for (auto next = part.entries.begin(); next != part.entries.end();) {
            const auto one = next++;
            if (descriptors_of(*one->file) > 0 && now - one->checked >= limits_.let_go_after)
                erase(part, one, gone);
        }
    }
}

void open_files::clear() {
    invalidations_.fetch_add(1, std::memory_order_acq_rel);
    for (auto& part : shards_) {
        std::list<entry> gone;
        const std::lock_guard guard(part.mutex);
        evict(part, {0, 0, 0}, gone);
    }
}

open_files::usage open_files::current() const {
    usage total;
    total.opened = opened_.load(std::memory_order_relaxed);
    for (const auto& part : shards_) {
        const std::lock_guard guard(part.mutex);
        total.entries += part.entries.size();
        total.descriptors += part.descriptors;
        total.content_bytes += part.content_bytes;
        total.hits += part.hits;
    }
    return total;
}

}  // namespace fairlead::files
