#include "handlers/put_upload.hpp"

#include "handlers/methods.hpp"
#include "handlers/refusals.hpp"
#include "handlers/stored_name.hpp"
#include "handlers/upload_count.hpp"
#include "http/cache_rules.hpp"
#include "http/digest_fields.hpp"
#include "http/field_value.hpp"
#include "http/refusal.hpp"
#include "http/target.hpp"

namespace fairlead::handlers {
namespace {

// A body above this is not asked for before its name was looked at.
constexpr std::int64_t worth_looking = 1 << 20;

/// Whether the client is better told at once that its body is not wanted.
bool should_look_ahead(const http::request& request) {
    const auto length = request.body->length();
    return length < 0 || length > worth_looking || request.fields.find(http::field::expect) ||
           condition_of(request) != nullptr;
}

error_code seal(arriving_content& arriving) {
    const auto failed = arriving.complete();
    return failed ? failed : arriving.seal();
}

}  // namespace

bool put_upload::try_handle(http::request& request, http::outcome& outcome) {
    auto refusal = refuse_early(request);
    if (refusal) outcome = std::move(*refusal);
    return refusal.has_value();
}

std::optional<http::problem> put_upload::refuse_early(const http::request& request) const {
    if (auto fault = stored_name(place_, request).fault()) return fault;
    if (auto refusal = refuse_blind_conditions(request)) return refusal;
    // RFC 9110 section 14.5: a part must not be taken for the whole.
    if (request.fields.find(http::field::content_range))
        return refuse(http::status::bad_request, "A part of a file cannot be stored: send all of it.");
    auto type = request.fields[http::field::content_type];
    if (type.empty()) type = "application/octet-stream";
    if (!http::parse_media_type(type) || !http::is_of_types(type, place_.rules.types))
        return refuse(http::status::unsupported_media_type,
                      "Files of this Content-Type are not taken here (uploads.types).");
    return refuse_body(place_, request);
}

/// What would refuse the upload at its end refuses it now. Blocks.
error_code put_upload::look_ahead(const http::request& request) const {
    auto& store = place_.with.store;
    const stored_name target(place_, request);
    const auto folder = store.open(target.folder(), false);
    const bool is_missing = !folder && folder.error() == boost::system::errc::no_such_file_or_directory;
    if (!folder && !(is_missing && place_.rules.makes_directories)) return folder.error();
    std::optional<files::stored_entry> current;
    if (folder) {
        auto found = store.look(**folder, target.name());
        if (!found) return found.error();
        current = std::move(*found);
    }
    if (current && current->kind != files::file_kind::regular) return errc::not_a_file;
    const auto condition = condition_of(request);
    if (!condition || condition(current ? &*current : nullptr)) return {};
    // The client will rely on this state as on any other.
    const auto failed = folder ? store.settle(**folder) : error_code{};
    return failed ? failed : errc::precondition_failed;
}

task<http::outcome> put_upload::handle(http::request& request) {
    if (auto refusal = refuse_early(request)) co_return std::move(*refusal);
    ongoing_upload upload(place_, request);
    if (should_look_ahead(request)) {
        const auto failed = co_await upload.disk.run([&] { return look_ahead(request); });
        if (failed) co_return name_failed(place_, request, failed);
    }
    auto answer = co_await take(upload);
    co_return answer;
}

task<http::outcome> put_upload::take(ongoing_upload& of) {
    auto& request = of.request;
    upload_count count(place_.with.metrics);
    auto& store = place_.with.store;
    const stored_name target(place_, request);
    content_plan plan;
    auto expected = digests_expected_by(request.fields);
    if (!expected) co_return http::to_problem(expected.error());
    plan.expected = std::move(*expected);
    plan.wants_digest = place_.rules.has_digests;
    plan.open_directory = [&]() -> result<std::shared_ptr<files::store_directory>> {
        auto folder = store.open(target.folder(), false);
        const bool is_missing = !folder && folder.error() == boost::system::errc::no_such_file_or_directory;
        // Made when there is something to put into it.
        return is_missing && place_.rules.makes_directories ? store.open({}, false) : std::move(folder);
    };
    arriving_content arriving(of, std::move(plan));
    auto refused = co_await arriving.receive(*request.body, nullptr);
    count.received(arriving.received());
    if (refused) co_return std::move(*refused);
    count.begin_commit();
    const auto placed = co_await finish(of, target, arriving);
    count.committed(placed.has_value());
    if (!placed) co_return name_failed(place_, request, placed.error(), arriving.indeterminate_name());
    arriving.keep(placed->replaced);

    http::response answer;
    // Asked in any case, since it leaves a mark in the answer.
    const bool blind = is_blind(request);
    const bool shows_new = blind || placed->is_new;
    answer.status = shows_new ? http::status::created : http::status::no_content;
    if (shows_new) answer.fields.add("Location", http::encode_path(request.path));
    add_promise(answer, place_, placed->etag,
                place_.rules.has_digests ? http::format_digest(*arriving.digest()) : std::string());
    co_return answer;
}

/// Gives the sealed file its name. Blocks.
result<files::staged_file::placed> put_upload::place(const http::request& request, const stored_name& target,
                                                     arriving_content& arriving) const {
    auto folder = place_.with.store.open(target.folder(), place_.rules.makes_directories);
    if (!folder) return folder.error();
    arriving.file().move_to(std::move(*folder));
    return arriving.file().place(target.name(), condition_of(request));
}

/// Completes the content and gives it its name, in one visit to the disk if nobody else is at that name; else
/// the content comes to the disk while others have their turn.
task<result<files::staged_file::placed>> put_upload::finish(ongoing_upload& of, const stored_name& target,
                                                            arriving_content& arriving) {
    auto& disk = of.disk;
    auto turn = place_.with.turns.try_enter(target.path());
    if (!turn) {
        const auto failed = co_await disk.run([&] { return seal(arriving); });
        if (failed) co_return failed;
        auto mine = co_await place_.with.turns.enter(target.path());
        auto placed = co_await disk.run([&] { return place(of.request, target, arriving); });
        place_.forget(target.path());
        co_return placed;
    }
    auto placed = co_await disk.run([&]() -> result<files::staged_file::placed> {
        if (const auto failed = seal(arriving)) return failed;
        return place(of.request, target, arriving);
    });
    place_.forget(target.path());
    co_return placed;
}

}  // namespace fairlead::handlers
