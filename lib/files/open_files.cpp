#include "files/open_files.hpp"

#include "base/file_time.hpp"
#include "files/steady_read.hpp"
#include "files/stored_digest.hpp"
#include "http/date.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::files {
namespace {

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

open_files::open_files(sandbox root, open_files_limits limits, rules site_rules)
    : root_(std::move(root)),
      limits_(limits),
      rules_(std::move(site_rules)),
      cache_({limits.entries, limits.descriptors, limits.content_bytes}) {}

open_files::found open_files::find(std::string_view relative, bool may_block) {
    const key path(relative);
    const auto now = steady::now();
    if (auto cached = lookup(path, now)) return cached;
    return load({path, may_block, now, wall::now(), cache_.invalidations()});
}

open_files::found open_files::find(std::string_view relative, bool may_block, steady::time_point now,
                                   wall::time_point today) {
    const key path(relative);
    if (auto cached = lookup(path, now)) return cached;
    return load({path, may_block, now, today, cache_.invalidations()});
}

open_files::found open_files::load(search what) {
    auto opened = open_or_make_room(what.path.text, what.may_block);
    if (!opened) {
        // What is gone is let go, so that a removed file gives its space back.
        if (!is_again(opened.error())) cache_.forget(what.path);
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
    if (auto same = cache_.renew(what.path, what.now,
                                 [&](const open_file& known) { return is_same(known, seen, *siblings); }))
        return same;
    what.is_welcome = cache_.is_welcome(what.path, info->size, info->size > limits_.content_size, what.now,
                                        limits_.one_request);

    auto file = take(what, std::move(seen));
    if (!file) return file.error();
    if ((*file)->info.kind != file_kind::regular) return std::move(*file);
    if (const auto failed = take_siblings(what, **file, std::move(*siblings))) return failed;
    finish(what, **file, **file);
    if (!what.is_welcome) {
        cache_.remember(what.path, what.now);
        return std::move(*file);
    }
    // One that is being written is held open, whatever its size.
    const bool is_torn = !(*file)->has_content && (*file)->info.size <= limits_.content_size;
    if (is_torn || !is_settled((*file)->info, what.today)) return std::move(*file);
    if ((*file)->content.size() > limits_.copied_size) (*file)->move_to_pages();
    cache_.keep(what.path, *file, what.now, what.invalidations);
    return std::move(*file);
}

result<sandbox::opened> open_files::open_or_make_room(std::string_view path, bool may_block) {
    const auto open = [&] {
        opened_.fetch_add(1, std::memory_order_relaxed);
        return may_block ? root_.open_file(path) : root_.open_file_now(path);
    };
    auto file = open();
    if (file || (!is_errno(file.error(), EMFILE) && !is_errno(file.error(), ENFILE))) return file;
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

/// Whether a file is still the one that was seen, with the same siblings.
bool open_files::is_same(const open_file& known, const opened_file& seen,
                         const std::vector<opened_file>& siblings) {
    return known.info == seen.info && known.final_path == seen.final_path &&
           std::equal(siblings.begin(), siblings.end(), known.siblings.begin(), known.siblings.end(),
                      [](const opened_file& one, const auto& other) {
                          return one.coding == other->coding && one.info == other->info;
                      });
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
    file.last_modified = std::min<std::int64_t>(whole_seconds(original.info.mtime_ns), today_s);
    file.last_modified_text = http::view(http::format_date(file.last_modified));
    file.head = rules_.head(original.lies_at(), file);
}

bool open_files::is_settled(const file_info& info, wall::time_point today) const noexcept {
    return today - last_change(info, today) >= limits_.distrust_younger_than;
}

}  // namespace fairlead::files
