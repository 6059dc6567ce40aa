#include "handlers/static_files.hpp"

#include "base/blocking.hpp"
#include "handlers/methods.hpp"
#include "handlers/refusals.hpp"
#include "handlers/try_path.hpp"
#include "http/access_map.hpp"
#include "http/path_patterns.hpp"
#include "http/target.hpp"
#include "limits/overload.hpp"
#include "net/byte_stream.hpp"

namespace fairlead::handlers {
static_files::static_files(static_files_options options, const file_rules& rules, files::open_files& files,
                           const file_services& services)
    : options_(std::move(options)),
      rules_(rules),
      files_(files),
      disk_(services.disk),
      work_(services.work),
      sender_(options_.sending, rules, files, services.coded, services.encoders),
      listing_(files.root(), rules, services.listings, options_.sending.retry_after) {}

bool static_files::try_handle(http::request& request, http::outcome& outcome) {
    // What is in the cache passed every check when it was opened; most requests end here.
    if (request.method == http::verb::get || request.method == http::verb::head) {
        auto file = files_.find_cached(relative_path(request), request.received);
        if (file && file->info.kind == files::file_kind::regular &&
            (!request.access || may_show(request, *file))) {
            const auto asked = read_asked_for(request);
            const bool is_plain =
                !asked.conditions && !(asked.coding && file->is_negotiable()) && request.version_minor > 0;
            if (is_plain && !file->head.lines.empty()) {
                send_whole(std::move(file), std::get<http::response>(outcome));
                return true;
            }
            auto answered = answer(request, asked, std::move(file));
            if (answered.outcome) outcome = std::move(*answered.outcome);
            return answered.outcome.has_value();
        }
    }
    auto refused = refuse_early(request);
    if (!refused) refused = look(request, false).outcome;
    if (refused) outcome = std::move(*refused);
    return refused.has_value();
}

task<http::outcome> static_files::handle(http::request& request) {
    if (auto refusal = refuse_early(request)) co_return std::move(*refusal);
    found came;
    {
        const auto permit = co_await work_.acquire();
        if (!permit) co_return limits::overload(options_.sending.retry_after, "requests at work");
        came = co_await run_blocking(disk_, [this, &request] { return look_and_list(request); });
    }
    if (came.outcome) co_return std::move(*came.outcome);
    // Without the permit: what compresses must not keep those waiting who need the disk.
    auto coded = co_await sender_.make(request, std::move(came.unmade));
    co_return coded;
}

static_files::found static_files::look_and_list(const http::request& request) {
    auto seen = look(request, true);
    if (!seen.folder) return seen;
    auto listed = listing_.list(request, *seen.folder);
    if (listed) return done(std::move(*listed));
    if (is_missing(listed.error())) return try_others(request, true, open_failed(listed.error()));
    return done(open_failed(listed.error()));
}

/// The path below the root of the files; empty for the root.
std::string_view static_files::relative_path(const http::request& request) const noexcept {
    return request.path.substr(std::min(request.path.size(), rules_.url_prefix.size()));
}

std::optional<http::outcome> static_files::refuse_early(const http::request& request) const {
    if (rules_.types.hides_dot_files() && http::is_hidden(request.path)) return not_found();
    return check_method(request, {http::verb::get, http::verb::head});
}

static_files::opened static_files::open(std::string_view relative, bool may_block) const {
    return may_block ? files_.open(relative) : files_.find_now(relative);
}

/// Steps 2 to 6.
static_files::found static_files::look(const http::request& request, bool may_block) const {
    if (request.path.size() < rules_.url_prefix.size()) return done(redirect_to_folder(request));
    const auto relative = relative_path(request);
    if (relative.empty() || relative.ends_with('/')) return look_in_folder(request, relative, may_block);
    const auto extension = http::extension(request.path);
    if (!extension.empty() && !rules_.types.find(extension))
        return look_for_folder(request, relative, may_block);
    const auto file = open(relative, may_block);
    if (!file) {
        if (!may_block && net::would_block(file.error())) return {};
        if (is_missing(file.error())) return try_others(request, may_block, open_failed(file.error()));
        return done(open_failed(file.error()));
    }
    switch ((*file)->info.kind) {
        case files::file_kind::directory:
            if (options_.index.empty() && !options_.listing)
                return try_others(request, may_block, not_found());
            return done(may_know(request, (*file)->final_path) ? redirect_to_folder(request) : not_found());
        case files::file_kind::special: return done(may_show(request, **file) ? special_file() : not_found());
        case files::file_kind::regular: break;
    }
    return answer(request, *file);
}

/// For a name that no file may have which is served: a folder may ("v1.2"). Only opening it tells.
static_files::found static_files::look_for_folder(const http::request& request, std::string_view relative,
                                                  bool may_block) const {
    const bool shows_folders = !options_.index.empty() || options_.listing;
    if (!shows_folders) return try_others(request, may_block, type_refused());
    // With the slash nothing else is opened.
    const auto name = std::string(relative) + "/";
    const auto folder = may_block ? files_.root().open_file(name) : files_.root().open_file_now(name);
    if (!folder && !may_block && net::would_block(folder.error())) return {};
    if (folder && may_know(request, folder->final_path)) return done(redirect_to_folder(request));
    if (!folder) {
        auto failed = open_failed(folder.error());
        if (static_cast<unsigned>(failed.status) >= 500) return done(std::move(failed));
    }
    // What he may not know of looks like what is not there.
    return try_others(request, may_block, type_refused());
}

/// Whether who asks for a folder without the slash at its end may be told that there is one. `final_path` is
/// where a link to it led.
bool static_files::may_know(const http::request& request, const std::string& final_path) const {
    return http::may_see(request, std::string(request.path) + "/") &&
           (final_path.empty() || may_show(request, final_path + "/"));
}

static_files::found static_files::look_in_folder(const http::request& request, std::string_view folder,
                                                 bool may_block) const {
    for (const auto& name : options_.index) {
        std::string relative;
        relative.reserve(folder.size() + name.size());
        relative.append(folder).append(name);
        if (!may_show(request, relative)) continue;
        const auto file = open(relative, may_block);
        if (file && (*file)->info.kind == files::file_kind::regular) return answer(request, *file);
        if (file) continue;
        if (!may_block && net::would_block(file.error())) return {};
        if (file.error() != boost::system::errc::no_such_file_or_directory)
            return is_missing(file.error()) ? try_others(request, may_block, open_failed(file.error()))
                                            : done(open_failed(file.error()));
    }
    if (!options_.listing) return try_others(request, may_block, not_found());
    found listed;
    listed.folder = folder;
    return listed;
}

/// What `try_paths` names, or `otherwise`.
static_files::found static_files::try_others(const http::request& request, bool may_block,
                                             http::outcome&& otherwise) const {
    auto relative = relative_path(request);
    if (relative.ends_with('/')) relative.remove_suffix(1);
    // A script or picture that is missing is better missed than answered with a page, and so are the names
    // that crawlers and browsers ask for on their own.
    const auto extension = http::extension(request.path);
    const bool is_page = extension.empty() || extension == "html" || extension == "htm" ||
                         !rules_.media_types->knows(extension);
    const auto first = request.path.substr(0, request.path.find('/', 1));
    const bool takes_page = is_page && first != "/.well-known";
    for (const auto& text : options_.try_paths) {
        const try_path one(text);
        if (one.is_derived() ? relative.empty() : !takes_page) continue;
        const auto candidate = one.candidate(relative);
        if (!may_show(request, candidate)) continue;
        const auto file = open(candidate, may_block);
        if (!file && !may_block && net::would_block(file.error())) return {};
        const bool is_there = file && may_show(request, **file) &&
                              (*file)->info.kind == files::file_kind::regular && !(*file)->head.lines.empty();
        if (is_there) return answer(request, *file);
    }
    return done(std::move(otherwise));
}

static_files::found static_files::answer(const http::request& request, file_pointer file) const {
    return answer(request, read_asked_for(request), std::move(file));
}

/// Whether the rules let who asks see what is at a path below the root, in the place of what was asked for.
bool static_files::may_show(const http::request& request, std::string_view relative) const {
    return !request.access || http::may_see(request, rules_.url_prefix + std::string(relative));
}

/// The same for where a link has led to; the path itself was asked for before.
bool static_files::may_show(const http::request& request, const files::open_file& file) const {
    if (file.final_path.empty()) return true;
    const bool is_folder = file.info.kind == files::file_kind::directory;
    return may_show(request, is_folder ? file.final_path + "/" : file.final_path);
}

/// What the sender makes of a file.
static_files::found static_files::answer(const http::request& request, const asked_for& asked,
                                         file_pointer file) const {
    if (!may_show(request, *file)) return done(not_found());
    auto sent = sender_.answer(request, asked, std::move(file));
    if (auto* outcome = std::get_if<http::outcome>(&sent)) return done(std::move(*outcome));
    found coded;
    coded.unmade = std::get<file_sender::unmade>(std::move(sent));
    return coded;
}

http::outcome static_files::redirect_to_folder(const http::request& request) const {
    // Who asked for this very address was led here by a rewrite, and would come again.
    if (request.asked_path == std::string(request.path) + "/") {
        auto missing = not_found();
        missing.log_detail = "a rewrite leads from the folder " + std::string(request.asked_path) +
                             " to its address without the slash; let it lead to the file that is meant";
        return missing;
    }
    auto location = http::encode_path(request.path) + "/";
    if (!request.query.empty()) {
        location += '?';
        http::append_encoded(location, request.query, "#");
    }
    http::response answer;
    answer.status = http::status::moved_permanently;
    if (!answer.fields.add("Location", location)) return not_found();
    return answer;
}

}  // namespace fairlead::handlers
