#include "handlers/static_files.hpp"

#include "base/blocking.hpp"
#include "base/random.hpp"
#include "handlers/methods.hpp"
#include "http/byteranges.hpp"
#include "http/conditional.hpp"
#include "http/range.hpp"
#include "http/target.hpp"
#include "limits/overload.hpp"
#include "net/byte_stream.hpp"

#include <ctime>
#include <span>

namespace fairlead::handlers {
namespace {

/// One answer for everything that is not there, so that nobody can tell why.
http::problem not_found() {
    http::problem refusal;
    refusal.status = http::status::not_found;
    refusal.detail = "There is nothing at this address.";
    return refusal;
}

http::problem type_refused() {
    http::problem refusal;
    refusal.status = http::status::unsupported_media_type;
    refusal.detail = "Files of this type are not served here.";
    return refusal;
}

http::problem special_file() {
    http::problem refusal;
    refusal.status = http::status::forbidden;
    refusal.detail = "This address is not a file.";
    refusal.event = http::security_event::special_file;
    return refusal;
}

/// What a failed open means. A link that leaves the root is a security event: somebody put it there, or looks
/// for one.
http::problem open_failed(error_code error) {
    auto refusal = http::problem_from(error);
    if (error == boost::system::errc::cross_device_link ||
        error == boost::system::errc::too_many_symbolic_link_levels) {
        refusal.event = http::security_event::symlink;
        refusal.log_detail.clear();  // so that the event names the target
    }
    return refusal;
}

/// `path` is relative to the root.
bool is_hidden_below_root(std::string_view path, const http::type_policy& types) {
    return types.hides_dot_files() && http::is_hidden("/" + std::string(path));
}

bool has_conditions(const http::request& request) noexcept {
    for (const auto& line : request.fields) {
        switch (line.id) {
            case http::field::range:
            case http::field::if_match:
            case http::field::if_none_match:
            case http::field::if_modified_since:
            case http::field::if_unmodified_since:
            case http::field::if_range: return true;
            default: break;
        }
    }
    return false;
}

/// `length` bytes from `offset`, to be sent from the descriptor.
http::file_slice open_slice(std::shared_ptr<const files::open_file> file, std::uint64_t offset,
                            std::uint64_t length) {
    http::file_slice slice;
    slice.fd = file->fd.get();
    slice.offset = offset;
    slice.length = length;
    slice.expected_size = file->info.size;
    slice.expected_mtime_ns = file->info.mtime_ns;
    slice.is_constant = file->is_snapshot;
    slice.owner = std::move(file);
    return slice;
}

/// `length` bytes from `offset` of the file. Keeps the file alive also when that is nothing: the fields view
/// it.
http::body slice_of(std::shared_ptr<const files::open_file> file, std::uint64_t offset,
                    std::uint64_t length) {
    if (length == 0) return http::memory_slice{std::move(file), {}};
    if (file->has_content) {
        const auto bytes = std::string_view(file->content).substr(offset, length);
        return http::memory_slice{std::move(file), bytes};
    }
    return open_slice(std::move(file), offset, length);
}

/// 206 with several parts (RFC 9110 section 15.3.7.2).
http::response send_parts(std::shared_ptr<const files::open_file> file,
                          std::span<const http::byte_range> ranges) {
    // Content-Type comes first (file_fields); here it is that of each part, and the rest that of the answer.
    const auto head = std::string_view(file->head);
    const auto first_line = head.substr(0, head.find("\r\n"));
    const auto content_type = first_line.substr(first_line.find(' ') + 1);
    std::string boundary(16, '0');
    write_hex(next_unguessable(), boundary.data());  // so that no file can have it in itself
    http::response answer;
    answer.status = http::status::partial_content;
    answer.fields.add("Content-Type", http::byteranges_type(boundary));
    answer.fields.add_prebuilt(head.substr(first_line.size() + 2));
    auto parts = http::byteranges_parts(ranges, content_type, file->info.size, boundary);
    if (file->has_content) {
        std::string body;
        for (const auto& part : parts) body.append(part.lead).append(file->content, part.offset, part.length);
        answer.body = std::move(body);
    } else {
        auto slice = open_slice(std::move(file), 0, 0);
        slice.parts = std::move(parts);
        answer.body = std::move(slice);
    }
    return answer;
}

void send_whole(std::shared_ptr<const files::open_file> file, http::response& answer) {
    answer.prebuilt = file->head;
    const auto size = file->info.size;
    answer.body = slice_of(std::move(file), 0, size);
}

http::problem precondition_failed() {
    http::problem refusal;
    refusal.status = http::status::precondition_failed;
    refusal.detail = "The file is not the version that the request asks for.";
    return refusal;
}

http::problem unsatisfiable(std::uint64_t size) {
    http::problem refusal;
    refusal.status = http::status::range_not_satisfiable;
    refusal.detail = "The file has " + std::to_string(size) + " bytes: the requested range is not in it.";
    refusal.fields.add("Content-Range", http::unsatisfied_range(size));
    return refusal;
}

}  // namespace

static_files::static_files(static_files_options options, files::open_files& files,
                           boost::asio::thread_pool& disk, limits::work_limit& work)
    : options_(std::move(options)), files_(files), disk_(disk), work_(work) {}

bool static_files::try_handle(http::request& request, http::outcome& outcome) {
    // What is in the cache passed every check when it was opened; most requests end here.
    if (request.method == http::verb::get || request.method == http::verb::head) {
        auto file = files_.find_cached(request.path.substr(options_.url_prefix.size()), request.received);
        if (file && file->info.kind == files::file_kind::regular) {
            if (file->head.empty() || has_conditions(request))
                outcome = answer(request, std::move(file));
            else
                send_whole(std::move(file), std::get<http::response>(outcome));
            return true;
        }
    }
    auto found = refuse_early(request);
    if (!found) found = look(request, false);
    if (found) outcome = std::move(*found);
    return found.has_value();
}

task<http::outcome> static_files::handle(http::request& request) {
    if (auto refusal = refuse_early(request)) co_return std::move(*refusal);
    const auto permit = co_await work_.acquire();
    if (!permit) co_return limits::overload(options_.retry_after, "requests at work");
    auto found = co_await run_blocking(disk_, [this, &request] { return *look(request, true); });
    co_return found;
}

std::optional<http::outcome> static_files::refuse_early(const http::request& request) const {
    if (options_.types.hides_dot_files() && http::is_hidden(request.path)) return not_found();
    if (auto other = check_method(request, {http::verb::get, http::verb::head})) return other;
    // Without an extension it may be a folder: only opening it tells.
    const auto extension = http::extension(request.path);
    if (!extension.empty() && !options_.types.find(extension)) return type_refused();
    return std::nullopt;
}

static_files::opened static_files::open(std::string_view relative, bool may_block) const {
    return may_block ? files_.open(relative) : files_.find_now(relative);
}

/// Steps 2 to 5. Nothing when `may_block` is false and it would.
std::optional<http::outcome> static_files::look(const http::request& request, bool may_block) const {
    const auto relative = request.path.substr(options_.url_prefix.size());
    if (relative.empty() || relative.ends_with('/')) return look_for_index(request, relative, may_block);
    const auto file = open(relative, may_block);
    if (!file) {
        if (!may_block && net::would_block(file.error())) return std::nullopt;
        return open_failed(file.error());
    }
    switch ((*file)->info.kind) {
        case files::file_kind::directory:
            return options_.index.empty() ? not_found() : redirect_to_folder(request);
        case files::file_kind::special: return special_file();
        case files::file_kind::regular: break;
    }
    return answer(request, *file);
}

std::optional<http::outcome> static_files::look_for_index(const http::request& request,
                                                          std::string_view folder, bool may_block) const {
    for (const auto& name : options_.index) {
        std::string relative;
        relative.reserve(folder.size() + name.size());
        relative.append(folder).append(name);
        const auto file = open(relative, may_block);
        if (file && (*file)->info.kind == files::file_kind::regular) return answer(request, *file);
        if (file) continue;
        if (!may_block && net::would_block(file.error())) return std::nullopt;
        if (file.error() != boost::system::errc::no_such_file_or_directory) return open_failed(file.error());
    }
    return not_found();
}

http::outcome static_files::redirect_to_folder(const http::request& request) const {
    auto location = http::encode_path(request.path) + "/";
    if (!request.query.empty()) location.append("?").append(request.query);
    http::response answer;
    answer.status = http::status::moved_permanently;
    if (!answer.fields.add("Location", location)) return not_found();
    return answer;
}

http::outcome static_files::answer(const http::request& request,
                                   std::shared_ptr<const files::open_file> file) const {
    // The policy has looked at the file that was opened: a link may have led to another name.
    if (file->head.empty())
        return is_hidden_below_root(file->final_path, options_.types) ? not_found() : type_refused();
    http::response whole;
    if (!has_conditions(request)) {
        send_whole(std::move(file), whole);
        return whole;
    }

    const auto now = static_cast<http::unix_seconds>(std::time(nullptr));
    http::validators current;
    current.etag = file->etag;
    current.last_modified = file->last_modified;
    switch (http::evaluate(request.method, request.fields, current, now)) {
        case http::precondition::precondition_failed: return precondition_failed();
        case http::precondition::not_modified: {
            http::response unchanged;
            unchanged.status = http::status::not_modified;
            unchanged.fields.add("ETag", file->etag);
            return unchanged;
        }
        case http::precondition::proceed: break;
    }
    http::range_choice range;
    if (http::range_applies(request.fields, current, now))
        range = http::choose_range(request.method, request.fields, file->info.size);
    switch (range.kind) {
        case http::range_choice::kind::unsatisfiable: return unsatisfiable(file->info.size);
        case http::range_choice::kind::several: return send_parts(std::move(file), range.ranges);
        case http::range_choice::kind::part: {
            const auto& part = range.ranges.front();
            whole.status = http::status::partial_content;
            whole.prebuilt = file->head;
            whole.fields.add("Content-Range", http::content_range(part, file->info.size));
            whole.body = slice_of(std::move(file), part.offset, part.length);
            return whole;
        }
        case http::range_choice::kind::whole: break;
    }
    send_whole(std::move(file), whole);
    return whole;
}

std::string file_fields(std::string_view path, const files::open_file& file, const http::type_policy& types,
                        const http::media_type_table& media_types, std::string_view extra) {
    const auto extension = http::extension(path);
    const auto* rule = types.find(extension);
    if (!rule || is_hidden_below_root(path, types)) return {};
    http::field_block fields;
    // First, so that send_parts() finds it.
    fields.add("Content-Type",
               rule->content_type.empty() ? media_types.content_type(extension) : rule->content_type);
    if (rule->is_attachment) fields.add("Content-Disposition", "attachment");
    fields.add("ETag", file.etag);
    fields.add("Last-Modified", file.last_modified_text);
    fields.add("Accept-Ranges", "bytes");
    fields.add_prebuilt(extra);
    return std::string(fields.text());
}

}  // namespace fairlead::handlers
