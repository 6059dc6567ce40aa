#include "handlers/file_answer.hpp"

#include "base/random.hpp"
#include "http/byteranges.hpp"
#include "http/conditional.hpp"
#include "http/range.hpp"

#include <chrono>
#include <ctime>
#include <span>

namespace fairlead::handlers {
namespace {

http::unix_seconds now_in_seconds() { return static_cast<http::unix_seconds>(std::time(nullptr)); }

http::validators validators_of(const files::open_file& file) {
    http::validators current;
    current.etag = file.etag;
    current.last_modified = file.last_modified;
    return current;
}

/// `length` bytes from `offset`, to be sent from the descriptor or the pages.
http::file_slice open_slice(std::shared_ptr<const files::open_file> file, std::uint64_t offset,
                            std::uint64_t length) {
    http::file_slice slice;
    slice.fd = file->fd.get();
    slice.offset = offset;
    slice.length = length;
    slice.expected_size = file->info.size;
    slice.expected_mtime_ns = file->info.mtime_ns;
    if (file->pages) slice.memory = file->pages.bytes().data();
    slice.is_copied = !file->pages && std::chrono::system_clock::now() < file->copied_until;
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

/// Makes it 206 with several parts (RFC 9110 section 15.3.7.2).
void add_parts(http::response& answer, std::shared_ptr<const files::open_file> file,
               std::span<const http::byte_range> ranges) {
    // Content-Type comes first (head_of); here it is that of each part, and the rest that of the answer.
    const auto head = std::string_view(file->head.lines);
    const auto first_line = head.substr(0, head.find("\r\n"));
    const auto content_type = first_line.substr(first_line.find(' ') + 1);
    std::string boundary(16, '0');
    write_hex(next_unguessable(), boundary.data());  // so that no file can have it in itself
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
}

http::problem precondition_failed() {
    return http::refuse(http::status::precondition_failed,
                        "The file is not the version that the request asks for.");
}

http::problem unsatisfiable(std::uint64_t size) {
    auto refusal =
        http::refuse(http::status::range_not_satisfiable,
                     "The file has " + std::to_string(size) + " bytes: the requested range is not in it.");
    refusal.fields.add("Content-Range", http::unsatisfied_range(size));
    return refusal;
}

http::range_choice choose_range(const http::request& request, const files::open_file& file) {
    if (!http::range_applies(request.fields, validators_of(file), now_in_seconds())) return {};
    return http::choose_range(request.method, request.fields, file.info.size);
}

}  // namespace

asked_for read_asked_for(const http::request& request) noexcept {
    asked_for found;
    for (const auto& line : request.fields) {
        switch (line.id) {
            case http::field::range: found.range = true; [[fallthrough]];
            case http::field::if_match:
            case http::field::if_none_match:
            case http::field::if_modified_since:
            case http::field::if_unmodified_since:
            case http::field::if_range: found.conditions = true; break;
            case http::field::accept_encoding: found.coding = true; break;
            default: break;
        }
    }
    return found;
}

void send_whole(std::shared_ptr<const files::open_file> file, http::response& answer) {
    answer.prebuilt = file->head.lines;
    const auto size = file->info.size;
    answer.body = slice_of(std::move(file), 0, size);
}

std::optional<http::outcome> check_preconditions(const http::request& request,
                                                 const std::shared_ptr<const files::open_file>& file) {
    switch (http::evaluate(request.method, request.fields, validators_of(*file), now_in_seconds())) {
        case http::precondition::precondition_failed: return precondition_failed();
        case http::precondition::not_modified: {
            http::response unchanged;
            unchanged.status = http::status::not_modified;
            unchanged.prebuilt = file->head.unchanged;
            add_expires(request, *file, unchanged);
            unchanged.body = slice_of(file, 0, 0);
            return unchanged;
        }
        case http::precondition::proceed: break;
    }
    return std::nullopt;
}

bool is_range_of_this_form(const http::request& request, const files::open_file& file) {
    const auto& fields = request.fields;
    if (fields.find(http::field::if_unmodified_since)) return false;
    if (fields.find(http::field::if_range) && !http::parse_entity_tag(fields[http::field::if_range]))
        return false;
    const bool is_meant = http::evaluate(request.method, fields, validators_of(file), now_in_seconds()) !=
                          http::precondition::precondition_failed;
    return is_meant && choose_range(request, file).kind != http::range_choice::kind::whole;
}

http::outcome send_ranges(const http::request& request, std::shared_ptr<const files::open_file> file) {
    const auto range = choose_range(request, *file);
    http::response answer;
    add_expires(request, *file, answer);
    switch (range.kind) {
        case http::range_choice::kind::unsatisfiable: return unsatisfiable(file->info.size);
        case http::range_choice::kind::several:
            add_parts(answer, std::move(file), range.ranges);
            return answer;
        case http::range_choice::kind::part: {
            const auto& part = range.ranges.front();
            answer.status = http::status::partial_content;
            answer.prebuilt = file->head.lines;
            answer.fields.add("Content-Range", http::content_range(part, file->info.size));
            answer.body = slice_of(std::move(file), part.offset, part.length);
            return answer;
        }
        case http::range_choice::kind::whole: break;
    }
    send_whole(std::move(file), answer);
    return answer;
}

void add_expires(const http::request& request, const files::open_file& file, http::response& answer) {
    if (request.version_minor > 0 || !file.head.max_age) return;
    answer.fields.add("Expires",
                      http::view(http::format_date(now_in_seconds() + file.head.max_age->count())));
}

}  // namespace fairlead::handlers
