#include "handlers/upload_place.hpp"

#include "base/text.hpp"
#include "handlers/refusals.hpp"
#include "http/access_map.hpp"
#include "http/chunked.hpp"
#include "http/digest_fields.hpp"
#include "http/field_value.hpp"
#include "http/host.hpp"
#include "limits/overload.hpp"

#include <array>

namespace fairlead::handlers {
namespace {

// Without a Content-Encoding both mean the same bytes.
constexpr std::array digest_fields{"Content-Digest", "Repr-Digest"};

std::string bytes_text(std::uint64_t count) { return std::to_string(count) + " bytes"; }

bool is_of_other_site(const http::request& request, std::string_view origin) {
    for (const auto& line : request.fields)
        if (iequals(line.name, "Sec-Fetch-Site")) return line.value == "cross-site";
    if (origin.empty()) return false;
    const auto scheme_end = origin.find("://");
    if (scheme_end == std::string_view::npos) return true;  // "null"
    const auto host = http::parse_host(origin.substr(scheme_end + 3));
    return !host || !iequals(host->name, request.host_name);
}

/// Whether a client may know how much is stored. From two answers with that it would learn the size of what
/// came between them.
bool may_know_usage(const upload_place& place, const http::request& request) {
    return http::may_see(request, request.path) && http::may_see(request, place.rules.url_prefix);
}

http::problem no_quota(const files::store_space& space, bool may_know) {
    const auto used = space.current();
    auto refusal =
        refuse_and_close(http::status::payload_too_large, "There is no room left for this upload.");
    if (may_know)
        refusal.detail = "The files here may have " + bytes_text(space.limits().quota) +
                         " together (uploads.quota); " + bytes_text(used.stored + used.claimed) +
                         " are stored or on their way. Remove something first.";
    return refusal;
}

http::problem no_room(const files::store_space& space, const error_code& error, bool may_know) {
    const auto used = space.current();
    auto refusal =
        refuse_and_close(http::status::insufficient_storage, "The disk has no room for this upload");
    if (may_know)
        refusal.detail += used.has_inodes
                              ? ": " + bytes_text(used.free) + " are free, of which " +
                                    bytes_text(space.limits().min_free) + " stay free (uploads.min_free)"
                              : ": its file system can have no further file (no inode is free)";
    refusal.detail += ".";
    refusal.log_detail = "upload not stored: " + error.message();
    if (!used.has_inodes) refusal.log_detail += " (no inode is free)";
    return refusal;
}

/// EFBIG.
http::problem beyond_file_size(const error_code& error) {
    auto refusal = refuse_and_close(
        http::status::payload_too_large,
        "Files of this size cannot be written here: the limit is that of the file system, or of "
        "the server's process.");
    refusal.log_detail = "upload not stored: " + error.message() + " (raise ulimit -f, LimitFSIZE)";
    return refusal;
}

}  // namespace

http::problem too_large(const upload_rules& rules, std::string_view actual) {
    auto refusal = refuse_and_close(
        http::status::payload_too_large,
        "The limit for one upload is " + bytes_text(rules.max_body) + " (uploads.max_body); this one has ");
    refusal.detail.append(actual).append(".");
    return refusal;
}

std::optional<http::problem> refuse_other_sites(const upload_place& place, const http::request& request) {
    const auto origin = request.fields[http::field::origin];
    if (!is_of_other_site(request, origin)) return std::nullopt;
    if (place.rules.cors && !origin.empty() && place.rules.cors->allows(origin)) return std::nullopt;
    return refuse(
        http::status::forbidden,
        "Pages of other sites may not upload here: their origins have to be listed in cors.origins.");
}

std::optional<http::problem> refuse_after_failure(const upload_place& place) {
    if (!place.with.store.health().has_failed()) return std::nullopt;
    return refuse(http::status::service_unavailable,
                  "The disk reported an error: nothing is stored or removed until it was looked at.");
}

std::optional<http::problem> refuse_body(const upload_place& place, const http::request& request) {
    if (auto other = refuse_other_sites(place, request)) return other;
    if (!request.fields[http::field::content_encoding].empty()) {
        auto refusal =
            refuse(http::status::unsupported_media_type, "Send the content without a Content-Encoding.");
        refusal.fields.add("Accept-Encoding", "identity");  // RFC 9110 section 15.5.16
        return refusal;
    }
    if (!request.body)
        return refuse(http::status::length_required, "Send the content with Content-Length or in chunks.");
    const auto length = request.body->length();
    if (length >= 0 && static_cast<std::uint64_t>(length) > place.rules.max_body)
        return too_large(place.rules, std::to_string(length));
    return refuse_after_failure(place);
}

http::problem storage_failed(const upload_place& place, const http::request& request, error_code error,
                             const std::string& indeterminate) {
    const auto& space = place.with.store.space();
    const bool may_know = may_know_usage(place, request);
    if (error == errc::overloaded) return limits::overload(place.rules.retry_after, "requests at work");
    if (error == errc::quota_exceeded) return no_quota(space, may_know);
    if (error == boost::system::errc::no_space_on_device) return no_room(space, error, may_know);
    if (error == boost::system::errc::file_too_large) return beyond_file_size(error);
    auto refusal = http::problem_from(error);
    if (error.category() == fairlead_category()) return refusal;
    // A directory that is gone or closed would be 404 or 403 for a file that is asked for; here it is our
    // fault.
    if (static_cast<unsigned>(refusal.status) < 500) {
        refusal.status = http::status::internal_server_error;
        refusal.detail = "The upload could not be stored.";
    }
    refusal.log_detail = "upload not stored: " + error.message();
    if (error == boost::system::errc::no_such_file_or_directory)
        refusal.log_detail += " (has uploads.directory, or a folder in it, been removed?)";
    if (!indeterminate.empty())
        refusal.log_detail += "; nobody knows what a power loss would leave as " + indeterminate;
    return refusal;
}

http::checked<expected_digests> digests_expected_by(const http::field_table& fields) {
    expected_digests expected;
    for (const auto* name : digest_fields) {
        const auto wanted = http::parse_digests(fields, name);
        if (!wanted) return wanted.error();
        expected.add(*wanted);
        for (const auto& line : fields)
            expected.follow |= line.id == http::field::trailer && http::list_has_token(line.value, name);
    }
    return expected;
}

std::optional<http::problem> take_trailer(const http::body_reader& body, digest_check& check) {
    if (body.trailer().empty()) return std::nullopt;
    const auto lines = http::lines_of_trailer(body.trailer());
    auto expected = digests_expected_by(http::field_table(lines));
    if (!expected) return http::to_problem(expected.error());
    if (check.expect(std::move(expected->known))) return std::nullopt;
    return refuse(http::status::bad_request,
                  "The digest behind the content cannot be checked any more, so nothing was stored: announce "
                  "it by Trailer: Content-Digest, or send it in front.");
}

http::response created(const upload_place& place, const files::answer_record& stored) {
    http::response answer;
    answer.status = http::status::created;
    answer.fields.add("Content-Type", "application/json");
    answer.fields.add("Location", stored.location);
    add_promise(answer, place, stored.etag, stored.digest);
    answer.body = stored.body;
    return answer;
}

void add_promise(http::response& answer, const upload_place& place, std::string_view etag,
                 std::string_view digest) {
    if (!etag.empty()) answer.fields.add("ETag", etag);
    if (!digest.empty()) answer.fields.add("Repr-Digest", digest);
    answer.fields.add("Fairlead-Durability", place.with.store.is_durable() ? "full" : "off");
}

}  // namespace fairlead::handlers
