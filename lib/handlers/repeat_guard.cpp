#include "handlers/repeat_guard.hpp"

#include "files/small_file.hpp"
#include "files/upload_names.hpp"
#include "handlers/refusals.hpp"
#include "http/idempotency_key.hpp"
#include "http/refusal.hpp"

#include <boost/json.hpp>

namespace fairlead::handlers {
namespace {

// More names than this that are taken mean that something else is wrong.
constexpr int most_names = 8;

}  // namespace

http::problem repeat_guard::other_content() {
    return refuse(http::status::unprocessable_entity,
                  "This Idempotency-Key was used for another content: use a new key for a new upload.");
}

task<std::optional<http::problem>> repeat_guard::enter() {
    auto* const records = place_.with.records;
    if (!records) co_return std::nullopt;
    const auto key = http::parse_idempotency_key(of_.request.fields);
    if (!key) co_return http::to_problem(key.error());
    if (!*key) co_return std::nullopt;
    if (!records->is_ready()) {
        const auto failed = co_await of_.disk.run([records] { return records->prepare(); });
        if (failed) co_return storage_failed(place_, of_.request, failed);
    }
    // Each user has keys of his own. No name of one has a line break, nor has a prefix.
    auto scope = place_.rules.url_prefix;
    if (!of_.request.user.empty()) scope.append("\n").append(of_.request.user);
    auto claim = records->try_claim(records->identity(scope, **key));
    if (!claim)
        co_return refuse(http::status::conflict,
                         "Another request with this Idempotency-Key is under way: wait for its answer.");
    claim_.emplace(std::move(*claim));
    auto found = co_await of_.disk.run([&] { return records->find(*claim_); });
    if (!found) co_return storage_failed(place_, of_.request, found.error());
    first_ = std::move(*found);
    co_return std::nullopt;
}

/// Names of 64 random bits collide once in a very long time. One of a key is taken again when the key has
/// been forgotten, and the file is still there.
std::string repeat_guard::name(std::string_view prefix, std::string_view extension, int tries) const {
    auto name = claim_ ? std::string(prefix) + "_" + claim_->identity() : files::fresh_name(prefix);
    if (claim_ && tries > 0) name += "_" + std::to_string(tries);
    return name.append(extension);
}

std::optional<sha_digest> repeat_guard::mark(std::string_view fingerprint) const {
    if (!claim_) return std::nullopt;
    return hmac_sha256(claim_->identity(), fingerprint);
}

/// Whether what has the name came with a key that counts no more.
bool repeat_guard::is_over(const std::string& name) const {
    const auto entry = place_.with.store.look(*place_.with.store.top(), name);
    return entry && *entry && place_.with.records->is_over((*entry)->mtime_ns);
}

/// The file `name`, if this request has stored it: its record was lost, or there was a crash before it.
result<repeat_guard::placed> repeat_guard::find_own(const std::string& name, std::string_view fingerprint,
                                                    const std::optional<sha_digest>& content) const {
    auto& store = place_.with.store;
    if (!claim_ || !content) return errc::precondition_failed;
    if (const auto other = store.compare(*store.top(), name, *mark(fingerprint), *content)) return other;
    const auto entry = store.look(*store.top(), name);
    if (!entry) return entry.error();
    if (!*entry) return errc::precondition_failed;
    return placed{name, (*entry)->etag, false};
}

result<repeat_guard::placed> repeat_guard::place(files::staged_file& file, std::string_view extension,
                                                 std::string_view fingerprint,
                                                 const std::optional<sha_digest>& content) const {
    for (int tries = 0; tries < most_names; ++tries) {
        auto wanted = name("upload", extension, tries);
        auto done = file.place_new(wanted);
        if (done) return placed{std::move(wanted), std::move(done->etag)};
        if (done.error() != errc::precondition_failed) return done.error();
        if (claim_ && !is_over(wanted)) return find_own(wanted, fingerprint, content);
    }
    return errno_code(EEXIST);
}

result<repeat_guard::placed> repeat_guard::place_as(files::staged_file& file, const std::string& name,
                                                    std::string_view fingerprint,
                                                    const std::optional<sha_digest>& content) const {
    auto done = file.place_new(name);
    if (done) return placed{name, std::move(done->etag)};
    if (done.error() != errc::precondition_failed) return done.error();
    return find_own(name, fingerprint, content);
}

result<repeat_guard::placed> repeat_guard::place(files::staged_folder& folder,
                                                 std::string_view fingerprint) const {
    for (int tries = 0; tries < most_names; ++tries) {
        auto wanted = name("form", {}, tries);
        const auto failed = folder.place(wanted);
        if (!failed) return placed{std::move(wanted), {}};
        if (failed != boost::system::errc::file_exists) return failed;
        if (!claim_ || is_over(wanted)) continue;
        if (const auto other = compare_with_form(wanted, fingerprint)) return other;
        return placed{std::move(wanted), {}, false};
    }
    return errno_code(EEXIST);
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

error_code repeat_guard::compare_with_form(const std::string& name, std::string_view fingerprint) const {
    auto& store = place_.with.store;
    if (const auto failed = store.settle(*store.top())) return failed;
    const auto folder = store.open(name, false);
    if (!folder) return folder.error();
    const auto text = files::read_small_file(**folder, form_fields_name);
    if (!text) return text.error();
    error_code malformed;
    const auto parsed = boost::json::parse(*text, malformed);
    const auto* object = malformed ? nullptr : parsed.if_object();
    const auto* kept = object ? object->if_contains("fingerprint") : nullptr;
    if (kept && kept->is_string() && std::string_view(kept->get_string()) == fingerprint) return {};
    return errc::precondition_failed;
}

}  // namespace fairlead::handlers
