#include "handlers/post_upload.hpp"

#include "base/text.hpp"
#include "content/json_check.hpp"
#include "files/stored_digest.hpp"
#include "handlers/arriving_content.hpp"
#include "handlers/form_upload.hpp"
#include "handlers/methods.hpp"
#include "handlers/refusals.hpp"
#include "handlers/upload_count.hpp"
#include "http/cache_rules.hpp"
#include "http/digest_fields.hpp"
#include "http/field_value.hpp"
#include "http/refusal.hpp"
#include "http/upload_name.hpp"

namespace fairlead::handlers {
namespace {

/// The name has only letters, digits, '-', '_' and '.', so it needs no escaping.
std::string created_text(const std::string& path) {
    return R"({"status":"success","message":"File created successfully","filepath":")" + path + "\"}";
}

}  // namespace

bool post_upload::try_handle(http::request& request, http::outcome& outcome) {
    way how{};
    auto refusal = refuse_early(request, how);
    if (refusal) outcome = std::move(*refusal);
    return refusal.has_value();
}

std::optional<post_upload::way> post_upload::choose(std::string_view content_type) const {
    const auto& rules = place_.rules;
    const auto type = http::parse_media_type(content_type);
    // What is wrong with its boundary, the reader of forms says.
    constexpr std::string_view form_type = "multipart/form-data";
    if (!type && rules.takes_forms && iequals(content_type.substr(0, form_type.size()), form_type))
        return way::form;
    if (!type && !content_type.empty()) return std::nullopt;
    if (type && rules.takes_json && type->is("application", "json")) return way::json;
    if (type && rules.takes_forms && type->is("multipart", "form-data")) return way::form;
    // Bytes of no type (RFC 9110 section 8.3).
    const auto whole = type ? content_type : std::string_view("application/octet-stream");
    if (rules.takes_raw && http::is_of_types(whole, rules.types)) return way::raw;
    return std::nullopt;
}

http::problem post_upload::refuse_type() const {
    const auto& rules = place_.rules;
    std::string types;
    const auto add = [&](std::string_view type) { types.append(types.empty() ? "" : ", ").append(type); };
    if (rules.takes_json) add("application/json");
    if (rules.takes_forms) add("multipart/form-data");
    if (rules.takes_raw)
        for (const auto& one : rules.types) add(one);
    auto refusal =
        refuse(http::status::unsupported_media_type, "This address takes Content-Type: " + types + ".");
    refusal.fields.add("Accept-Post", types);
    return refusal;
}

std::optional<http::outcome> post_upload::refuse_early(const http::request& request, way& how) const {
    if (auto other = check_method(request, {http::verb::post})) return other;
    const auto content_type = request.fields[http::field::content_type];
    const auto chosen = choose(content_type);
    if (!chosen) return refuse_type();
    how = *chosen;
    if (how == way::json) {
        const auto charset = http::parse_media_type(content_type)->parameter("charset");
        if (!charset.empty() && !iequals(http::unquote(charset), "utf-8"))
            return refuse(http::status::unsupported_media_type,
                          "JSON is sent as UTF-8 (RFC 8259 section 8.1).");
    }
    if (auto refusal = refuse_body(place_, request)) return std::move(*refusal);
    return std::nullopt;
}

task<http::outcome> post_upload::handle(http::request& request) {
    way how{};
    if (auto refusal = refuse_early(request, how)) co_return std::move(*refusal);
    ongoing_upload upload(place_, request);
    repeat_guard guard(upload);
    auto refused = co_await guard.enter();
    if (refused) co_return std::move(*refused);
    auto outcome = how == way::form ? take_form(upload, guard) : take(upload, how, guard);
    auto answer = co_await std::move(outcome);
    co_return answer;
}

task<http::outcome> post_upload::take(ongoing_upload& of, way how, repeat_guard& guard) {
    auto& request = of.request;
    upload_count count(place_.with.metrics);
    content_plan plan;
    auto expected = digests_expected_by(request.fields);
    if (!expected) co_return http::to_problem(expected.error());
    plan.expected = std::move(*expected);
    plan.wants_digest = place_.rules.has_digests || guard.is_on();
    if (!guard.is_repeat()) plan.open_directory = [this] { return place_.with.store.open({}, false); };
    arriving_content arriving(of, std::move(plan));

    std::optional<content::json_check> check;
    if (how == way::json) check.emplace(place_.rules.max_depth, place_.rules.max_body);
    auto refused = co_await arriving.receive(*request.body, check ? &*check : nullptr);
    count.received(arriving.received());
    if (refused) co_return std::move(*refused);
    const auto extension =
        how == way::json ? ".json" : http::extension_for(request.fields[http::field::content_type]);
    count.begin_commit();
    const auto stored = co_await of.disk.run(
        [&]() -> result<files::answer_record> { return store(arriving, guard, extension); });
    count.committed(stored.has_value());
    if (!stored && stored.error() == errc::precondition_failed) co_return guard.other_content();
    if (!stored) co_return storage_failed(place_, request, stored.error(), arriving.indeterminate_name());
    if (guard.is_repeat()) co_return guard.answer_again(stored->fingerprint);
    co_return created(place_, *stored);
}

/// Places what has come, and remembers the answer. Blocks.
result<files::answer_record> post_upload::store(arriving_content& arriving, const repeat_guard& guard,
                                                std::string_view extension) const {
    if (const auto failed = arriving.complete()) return failed;
    files::answer_record record;
    if (arriving.digest()) {
        record.fingerprint = hex(*arriving.digest());
        if (place_.rules.has_digests || guard.is_on())
            record.digest = http::format_digest(*arriving.digest());
    }
    if (guard.is_repeat()) return record;
    if (const auto failed = arriving.seal(guard.mark(record.fingerprint))) return failed;
    auto placed = guard.place(arriving.file(), extension, record.fingerprint, arriving.digest());
    if (!placed) return placed.error();
    if (placed->is_new) arriving.keep(0);
    record.etag = std::move(placed->etag);
    record.location = place_.rules.url_prefix + placed->name;
    record.body = created_text(record.location);
    guard.remember(record);
    return record;
}

}  // namespace fairlead::handlers
