#include "handlers/script_finder.hpp"

#include "handlers/refusals.hpp"
#include "handlers/try_path.hpp"
#include "http/access_map.hpp"
#include "http/target.hpp"
#include "net/byte_stream.hpp"

#include <algorithm>

namespace fairlead::handlers {
namespace {

bool is_regular(const files::open_file& file) noexcept { return file.info.kind == files::file_kind::regular; }

}  // namespace

/// What was asked for.
struct script_finder::place {
    const http::request& request;
    std::string_view relative;  ///< below the root
    bool may_block;

    files::open_files::found open(files::open_files& files, std::string_view name) const {
        return may_block ? files.open(name) : files.find_now(name);
    }
    bool has_to_wait(const error_code& error) const noexcept { return !may_block && net::would_block(error); }
};

bool script_finder::is_script(std::string_view path) const noexcept {
    const auto own = http::extension(path);
    const auto& known = scripts_.extensions;
    return !own.empty() && std::find(known.begin(), known.end(), own) != known.end();
}

result<script_finder::found> script_finder::find(const http::request& request, bool may_block) const {
    result<found> answer{found{}};
    if (!request.path.starts_with(rules_.url_prefix)) return answer;
    const place asked{request, request.path.substr(rules_.url_prefix.size()), may_block};
    const auto is_nothing = [&answer] { return std::holds_alternative<std::monostate>(*answer); };
    auto failed = find_named(asked, *answer);
    if (!failed && is_nothing() && (asked.relative.empty() || asked.relative.ends_with('/')))
        failed = find_index(asked, *answer);
    if (!failed && is_nothing()) failed = find_other(asked, *answer);
    if (failed) return failed;
    return answer;
}

/// Whether who asks may know of what is at the path below the root, and use it.
bool script_finder::is_shown(const place& asked, std::string_view relative) const {
    const auto& request = asked.request;
    return !is_hidden_below_root(rules_, relative) &&
           (!request.access ||  // without rules there is no path to be made for them
            http::may(request, request.method, rules_.url_prefix + std::string(relative)));
}

/// Takes the file as a script whose name is the first `name_size` bytes of the path below the root. Nothing:
/// the file that a link led to is none.
void script_finder::take(const place& asked, std::string_view relative, std::size_t name_size,
                         const files::open_file& file, found& answer) const {
    const auto name = relative.substr(0, name_size);
    const std::string_view lies_at = file.lies_at();
    if (!is_script(lies_at)) return;
    // The rules of access are for the script, too, whatever the path behind its name, or the link, is.
    if (!is_shown(asked, name) || (lies_at != name && !is_shown(asked, lies_at))) {
        answer = not_found();
        return;
    }
    auto& script = answer.emplace<found_script>();
    script.name.reserve(rules_.url_prefix.size() + name.size());
    script.name.append(rules_.url_prefix).append(name);
    script.path_info = relative.substr(name_size);
    script.file = lies_at;
}

error_code script_finder::find_named(const place& asked, found& answer) const {
    for (std::size_t end = 0; end < asked.relative.size(); ++end) {
        end = std::min(asked.relative.find('/', end), asked.relative.size());
        const auto name = asked.relative.substr(0, end);
        if (!is_script(name)) continue;
        const auto file = asked.open(files_, name);
        if (!file) {
            if (asked.has_to_wait(file.error())) return file.error();
            if (!is_missing(file.error())) answer = open_failed(file.error());
            return {};  // where it is missing, so is what is below it
        }
        const bool is_special = (*file)->info.kind == files::file_kind::special;
        if (!is_special && !is_regular(**file)) continue;  // a folder, whatever its name
        if (is_special)
            answer = special_file();
        else
            take(asked, asked.relative, end, **file, answer);
        return {};
    }
    return {};
}

error_code script_finder::find_index(const place& asked, found& answer) const {
    const auto has_scripts = std::any_of(scripts_.index.begin(), scripts_.index.end(),
                                         [this](const auto& name) { return is_script(name); });
    if (!has_scripts) return {};
    for (const auto& name : scripts_.index) {
        const auto relative = std::string(asked.relative) + name;
        const auto file = asked.open(files_, relative);
        if (!file && asked.has_to_wait(file.error())) return file.error();
        if (!file && !is_missing(file.error())) {
            answer = open_failed(file.error());
            return {};
        }
        if (!file || !is_regular(**file)) continue;
        // An index file of another kind may come first.
        if (is_script(name)) take(asked, relative, relative.size(), **file, answer);
        return {};
    }
    return {};
}

/// Whether the path leads to something that is no script and that the handler of files shows; nothing when
/// the disk has to be asked.
std::optional<bool> script_finder::is_there(const place& asked) const {
    const bool is_folder = asked.relative.empty() || asked.relative.ends_with('/');
    const auto there = asked.open(files_, asked.relative);
    if (!there && asked.has_to_wait(there.error())) return std::nullopt;
    if (!there) return !is_missing(there.error());
    if (is_regular(**there) || scripts_.listing) return true;
    if (!is_folder) return !scripts_.index.empty();  // it is redirected to the path with a slash
    for (const auto& name : scripts_.index) {
        const auto index = asked.open(files_, std::string(asked.relative) + name);
        if (!index && asked.has_to_wait(index.error())) return std::nullopt;
        if (index && is_regular(**index)) return true;
    }
    return false;
}

/// Unlike a page, a script is tried for every name: it may make pictures and lists that are no files.
error_code script_finder::find_other(const place& asked, found& answer) const {
    const auto& tried = scripts_.try_paths;
    if (std::none_of(tried.begin(), tried.end(), [this](const auto& one) { return is_script(one); }))
        return {};
    const auto there = is_there(asked);
    if (!there) return errno_code(EAGAIN);
    if (*there) return {};
    auto bare = asked.relative;
    if (bare.ends_with('/')) bare.remove_suffix(1);
    for (const auto& text : tried) {
        const try_path one(text);
        if (one.is_derived() && bare.empty()) continue;
        const auto candidate = one.candidate(bare);
        const auto file = asked.open(files_, candidate);
        if (!file && asked.has_to_wait(file.error())) return file.error();
        if (!file || !is_regular(**file)) continue;
        if (is_script(candidate)) take(asked, candidate, candidate.size(), **file, answer);
        return {};
    }
    return {};
}

}  // namespace fairlead::handlers
