#include "handlers/arriving_form.hpp"

#include "base/text.hpp"
#include "handlers/refusals.hpp"
#include "http/access_map.hpp"
#include "http/cache_rules.hpp"
#include "http/digest_fields.hpp"
#include "http/refusal.hpp"
#include "http/target.hpp"
#include "http/upload_name.hpp"

#include <boost/json.hpp>

namespace fairlead::handlers {
namespace {

using event = content::multipart_reader::event;

constexpr std::size_t first_read = 4 * 1024;
constexpr std::size_t most_read = 32 * 1024;
// What the answer may tell of files: it is remembered for the key, so it has to stay small.
constexpr std::size_t most_told_bytes = 16 * 1024;
// The names of fields and files, and the types of files, are kept in memory. All of them, escaped, have to be
// far less than what files::read_small_file takes.
constexpr std::size_t most_name_bytes = 1024 * 1024;

http::problem bad_form(std::string_view sentence) { return refuse(http::status::bad_request, sentence); }

content::multipart_limits limits_of(const upload_rules& rules) {
    content::multipart_limits limits;
    limits.max_parts = rules.max_parts;
    return limits;
}

}  // namespace

arriving_form::arriving_form(ongoing_upload& of, repeat_guard& guard, std::string_view boundary,
                             expected_digests expected)
    : of_(of),
      place_(of.place),
      guard_(guard),
      reader_(boundary, limits_of(of.place.rules)),
      memory_(of.place.with.buffer_bytes),
      whole_(std::move(expected)),
      hasher_(sha_kind::sha256),
      fields_(of) {}

arriving_form::~arriving_form() {
    if (folder_ && !folder_->is_placed()) place_.with.disk.let_go(std::move(*folder_));
}

std::uint64_t arriving_form::occupied() const noexcept {
    std::uint64_t bytes = 0;
    for (const auto& one : files_) bytes += one.content ? one.content->occupied() : one.size;
    return bytes;
}

task<std::optional<http::problem>> arriving_form::receive() {
    auto& body = *of_.request.body;
    if (!guard_.is_repeat()) {
        auto claim = place_.with.store.space().admit(body.length());
        if (!claim) co_return storage_failed(place_, of_.request, claim.error());
        claim_.emplace(std::move(*claim));
    }
    std::vector<char> input(first_read);
    memory_.add(input.size());
    for (;;) {
        const auto got = co_await body.read_some(input);
        if (!got) co_return body_failed(got.error());
        if (*got == 0) break;
        received_ += *got;
        if (received_ > place_.rules.max_body) co_return too_large(place_.rules, "more");
        if (claim_) {
            claim_->occupy(occupied());
            if (const auto failed = claim_->cover(received_, body.length()))
                co_return storage_failed(place_, of_.request, failed);
        }
        whole_.update({input.data(), *got});
        auto refused = co_await read_pieces({input.data(), *got});
        if (refused) co_return refused;
        // Who fills it gets more at a time.
        if (*got == input.size() && input.size() < most_read && !memory_.is_scarce()) {
            memory_.add(input.size());
            input.resize(2 * input.size());
        }
    }
    if (auto refused = take_trailer(body, whole_)) co_return refused;
    if (const auto other = whole_.finish()) co_return storage_failed(place_, of_.request, other);
    if (const auto fault = reader_.finish()) co_return bad_form(*fault);
    if (files_.empty() && fields_.empty()) co_return bad_form("The form has neither a file nor a field.");
    co_return std::nullopt;
}

task<std::optional<http::problem>> arriving_form::read_pieces(std::span<const char> input) {
    for (;;) {
        const auto step = reader_.feed(input);
        input = input.subspan(step.consumed);
        std::optional<http::problem> refused;
        switch (step.what) {
            case event::need_more: co_return std::nullopt;
            case event::end: break;
            case event::part_begin: refused = co_await begin_part(); break;
            case event::data: refused = co_await take_data(step.data); break;
            case event::part_end:
                if (!is_in_file_) refused = fields_.end();
                break;
            case event::error: refused = bad_form(step.error); break;
        }
        if (refused) co_return refused;
    }
}

task<std::optional<http::problem>> arriving_form::begin_part() {
    const auto& head = reader_.part();
    is_in_file_ = head.filename.has_value();
    is_skipped_ = is_in_file_ && head.filename->empty();
    name_bytes_ += head.name.size() + head.content_type.size() + (is_in_file_ ? head.filename->size() : 0);
    if (name_bytes_ > most_name_bytes)
        co_return refuse(http::status::payload_too_large,
                         "The names in a form may have 1048576 bytes together: send fewer parts, or give "
                         "them shorter names.");
    if (is_skipped_) co_return std::nullopt;
    if (!is_in_file_) co_return begin_field();
    // The one before goes into the folder, and gives its descriptor back.
    if (!files_.empty()) {
        const auto failed =
            co_await of_.disk.run([this] { return guard_.is_repeat() ? finish_last() : move_to_folder(); });
        if (failed) co_return storage_failed(place_, of_.request, failed);
    }
    stored_part part;
    part.field = head.name;
    part.filename = *head.filename;
    part.type = head.content_type.empty() ? "text/plain" : head.content_type;
    auto refused = begin_file(part);
    if (refused) co_return refused;
    files_.push_back(std::move(part));
    co_return std::nullopt;
}

/// What the header lines of a part say of its content.
std::optional<http::problem> arriving_form::expect_digests(expected_digests& expected) const {
    for (const auto* text : {&reader_.part().content_digest, &reader_.part().repr_digest}) {
        const auto wanted = http::parse_digests(*text);
        if (!wanted) return http::to_problem(wanted.error());
        expected.add(*wanted);
    }
    return std::nullopt;
}

std::optional<http::problem> arriving_form::begin_field() {
    expected_digests expected;
    if (auto refused = expect_digests(expected)) return refused;
    fields_.begin(reader_.part().name, std::move(expected));
    return std::nullopt;
}

std::optional<http::problem> arriving_form::begin_file(stored_part& part) {
    const auto& rules = place_.rules;
    if (!is_valid_utf8(part.type)) return bad_form("The Content-Type of a file of the form is not UTF-8.");
    if (!http::is_of_types(part.type, rules.types))
        return refuse(http::status::unsupported_media_type,
                      "A file of the form has a type that is not taken here (uploads.types).");
    if (rules.are_named_by_client) {
        const auto name = http::base_name_of(part.filename);
        if (const auto fault = http::fault_of_upload_name(name)) return bad_form(*fault);
        if (name == form_fields_name)
            return bad_form("A file of a form cannot be called fields.json: its fields have that name.");
        if (!names_.emplace(name).second)
            return bad_form("Two files of the form have the same name: rename one of them.");
        part.name = name;
    } else {
        part.name = "file_" + std::to_string(files_.size() + 1);
        part.name += http::extension_for(part.type);
    }
    content_plan plan;
    if (auto refused = expect_digests(plan.expected)) return refused;
    plan.wants_digest = rules.has_digests || guard_.is_on();
    if (!guard_.is_repeat()) plan.open_directory = [this] { return place_.with.store.open({}, false); };
    part.content = std::make_unique<arriving_content>(of_, std::move(plan));
    return std::nullopt;
}

task<std::optional<http::problem>> arriving_form::take_data(std::span<const char> piece) {
    if (is_in_file_) {
        if (is_skipped_) co_return bad_form("A file of the form has no name: give it one (filename).");
        const auto failed = co_await files_.back().content->append(piece);
        if (failed) co_return storage_failed(place_, of_.request, failed);
        co_return std::nullopt;
    }
    co_return fields_.append(piece);
}

/// Each text with its length, so that no two forms read alike.
void arriving_form::add_to_fingerprint(std::string_view kind, std::initializer_list<std::string_view> texts) {
    hasher_.update(kind);
    for (const auto text : texts) {
        hasher_.update(" " + std::to_string(text.size()) + ":");
        hasher_.update(text);
    }
}

/// Completes the file that came last, and adds it to the fingerprint. Blocks.
error_code arriving_form::finish_last() {
    auto& part = files_.back();
    if (const auto failed = part.content->complete()) return failed;
    part.size = part.content->received();
    if (part.content->digest()) part.digest = http::format_digest(*part.content->digest());
    add_to_fingerprint("file", {part.field, part.filename, part.type, part.digest});
    return {};
}

error_code arriving_form::make_folder() {
    if (folder_) return {};
    auto made = files::staged_folder::create(place_.with.store);
    if (!made) return made.error();
    folder_.emplace(std::move(*made));
    return {};
}

error_code arriving_form::move_to_folder() {
    if (const auto failed = finish_last()) return failed;
    if (const auto failed = files_.back().content->seal()) return failed;
    if (const auto failed = make_folder()) return failed;
    auto& part = files_.back();
    if (const auto failed = folder_->add(std::move(part.content->file()), part.name)) return failed;
    part.content.reset();
    return {};
}

error_code arriving_form::discard() {
    files_.clear();
    folder_.reset();
    return {};
}

result<files::answer_record> arriving_form::store() {
    auto stored = store_parts();
    // What was stored before, or could not be, leaves a folder behind.
    if (!stored || (folder_ && !folder_->is_placed())) (void)discard();
    return stored;
}

result<files::answer_record> arriving_form::store_parts() {
    if (!files_.empty()) {
        const bool stays = guard_.is_repeat() || is_single();
        if (const auto failed = stays ? finish_last() : move_to_folder()) return failed;
    }
    for (const auto& [name, value] : fields_.all()) add_to_fingerprint("field", {name, value});
    fingerprint_ = hex(hasher_.finish());
    if (guard_.is_repeat()) {
        files::answer_record same;
        same.fingerprint = fingerprint_;
        return same;
    }
    claim_->begin_placing();
    auto stored = is_single() ? store_single() : store_folder();
    if (!stored) return stored;
    stored->fingerprint = fingerprint_;
    guard_.remember(*stored);
    return stored;
}

/// Whether a file that comes alone is stored under the name that the client gave it. Who may not know of
/// what is stored there would learn from a refusal that the name is taken.
bool arriving_form::keeps_name(const stored_part& part) const {
    return place_.rules.are_named_by_client &&
           http::may_see(of_.request, place_.rules.url_prefix + part.name);
}

result<files::answer_record> arriving_form::store_single() {
    auto& part = files_.front();
    auto& file = part.content->file();
    const bool is_clients = keeps_name(part);
    const auto& content = part.content->digest();
    if (const auto failed = part.content->seal(guard_.mark(fingerprint_))) return failed;
    auto placed = is_clients ? guard_.place_as(file, part.name, fingerprint_, content)
                             : guard_.place(file, http::extension_for(part.type), fingerprint_, content);
    if (!placed) {
        is_taken_ = is_clients && placed.error() == errc::precondition_failed;
        indeterminate_ = part.content->indeterminate_name();
        return placed.error();
    }
    if (placed->is_new) claim_->keep(part.size, 0);
    files::answer_record record;
    record.digest = part.digest;
    record.etag = std::move(placed->etag);
    part.name = placed->name;
    record.location = http::encode_path(place_.rules.url_prefix + placed->name);
    record.body = describe(record.location);
    return record;
}

result<files::answer_record> arriving_form::store_folder() {
    if (const auto failed = make_folder()) return failed;
    if (const auto failed = write_fields()) return failed;
    const auto placed = guard_.place(*folder_, fingerprint_);
    if (!placed) {
        indeterminate_ = folder_->indeterminate_name();
        return placed.error();
    }
    if (placed->is_new) claim_->keep(stored_bytes_, 0);
    files::answer_record record;
    record.location = place_.rules.url_prefix + placed->name + "/";
    record.body = describe(record.location);
    return record;
}

/// What was in the form, for whoever processes it.
boost::json::object arriving_form::fields_object() const {
    boost::json::array fields, stored;
    for (const auto& [name, value] : fields_.all()) fields.push_back({{"name", name}, {"value", value}});
    for (const auto& one : files_) {
        boost::json::object about{{"field", one.field},
                                  {"filename", one.filename},
                                  {"type", one.type},
                                  {"name", one.name},
                                  {"size", one.size}};
        if (!one.digest.empty()) about["digest"] = one.digest;
        stored.push_back(std::move(about));
    }
    return {{"fields", std::move(fields)}, {"files", std::move(stored)}};
}

error_code arriving_form::write_fields() {
    auto object = fields_object();
    object["fingerprint"] = fingerprint_;
    const auto text = boost::json::serialize(object);
    stored_bytes_ = text.size();
    for (const auto& one : files_) stored_bytes_ += one.size;
    claim_->occupy(occupied());
    if (const auto failed = claim_->grow_to(stored_bytes_)) return failed;
    auto file = files::staged_file::create(place_.with.store, place_.with.store.top());
    if (!file) return file.error();
    if (const auto failed = file->write(text)) return failed;
    if (const auto failed = file->seal(std::nullopt)) return failed;
    return folder_->add(std::move(*file), form_fields_name);
}

std::string arriving_form::describe(const std::string& location) const {
    boost::json::object text{
        {"status", "success"}, {"message", "File created successfully"}, {"filepath", location}};
    auto short_form = boost::json::serialize(text);
    text["files"] = fields_object()["files"];
    auto whole = boost::json::serialize(text);
    // All of it is in the folder.
    return whole.size() <= most_told_bytes ? whole : short_form;
}

}  // namespace fairlead::handlers
