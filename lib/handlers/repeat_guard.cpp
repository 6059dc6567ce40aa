#include "handlers/repeat_guard.hpp"

#include "files/small_file.hpp"
#include "files/upload_names.hpp"
#include "handlers/refusals.hpp"
#include "http/idempotency_key.hpp"
#include "http/refusal.hpp"

#include <boost/json.hpp>

namespace fairlead::handlers {

http::problem repeat_guard::other_content() {
    return refuse(http::status::unprocessable_entity,
                  "This Idempotency-Key was used for another content: use a new key for a new upload.");
}

task<std::optional<http::problem>> repeat_guard::enter(const http::request& request) {
    auto* const records = place_.with.records;
    if (!records) co_return std::nullopt;
    const auto key = http::parse_idempotency_key(request.fields);
    if (!key) co_return http::to_problem(key.error());
    if (!*key) co_return std::nullopt;
    if (!records->is_ready()) {
        const auto failed = co_await place_.with.disk.run([records] { return records->prepare(); });
        if (failed) co_return storage_failed(place_, failed);
    }
    auto claim = records->try_claim(records->identity(request.path, **key));
    if (!claim)
        co_return refuse(http::status::conflict,
                         "Another request with this Idempotency-Key is under way: wait for its answer.");
    claim_.emplace(std::move(*claim));
    auto found = co_await place_.with.disk.run([&] { return records->find(*claim_); });
    if (!found) co_return storage_failed(place_, found.error());
    first_ = std::move(*found);
    co_return std::nullopt;
}

std::string repeat_guard::name(std::string_view prefix, std::string_view extension) const {
    auto name = claim_ ? std::string(prefix) + "_" + claim_->identity() : files::fresh_name(prefix);
    return name.append(extension);
}

http::outcome repeat_guard::answer_again(const std::string& fingerprint) const {
    if (fingerprint != first_->fingerprint) return other_content();
    return created(place_, *first_);
}

void repeat_guard::remember(const files::answer_record& stored) const {
    if (!claim_) return;
    if (const auto failed = place_.with.records->remember(*claim_, stored))
        place_.with.log.warn("the answer for {} could not be remembered: {}", stored.location,
                             failed.message());
}

error_code repeat_guard::compare_with_stored(const std::string& name, const sha_digest& digest) const {
    auto& store = place_.with.store;
    // It may have been named a moment before a power loss.
    if (const auto failed = store.is_durable() ? store.top()->sync() : error_code{}) return failed;
    const auto stored = store.digest_of(*store.top(), name);
    if (!stored) return stored.error();
    return *stored == digest ? error_code{} : make_error_code(errc::precondition_failed);
}

error_code repeat_guard::compare_with_form(const std::string& name, const std::string& fingerprint) const {
    auto& store = place_.with.store;
    if (const auto failed = store.is_durable() ? store.top()->sync() : error_code{}) return failed;
    const auto folder = store.open(name, false);
    if (!folder) return folder.error();
    const auto text = files::read_small_file(**folder, form_fields_name);
    if (!text) return text.error();
    error_code malformed;
    const auto parsed = boost::json::parse(*text, malformed);
    const auto* object = malformed ? nullptr : parsed.if_object();
    const auto* kept = object ? object->if_contains("fingerprint") : nullptr;
    if (kept && kept->is_string() && kept->get_string() == fingerprint) return {};
    return errc::precondition_failed;
}

}  // namespace fairlead::handlers
