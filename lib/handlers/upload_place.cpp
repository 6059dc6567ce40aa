#include "handlers/upload_place.hpp"

#include "base/text.hpp"
#include "handlers/refusals.hpp"
#include "http/digest_fields.hpp"
#include "http/host.hpp"
#include "limits/overload.hpp"

namespace fairlead::handlers {
namespace {

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

http::problem no_quota(const files::store_space& space) {
    const auto used = space.current();
    const auto quota = space.limits().quota;
    auto refusal = refuse(http::status::payload_too_large,
                          "The files here may have " + bytes_text(quota) + " together (uploads.quota); " +
                              bytes_text(used.stored + used.claimed) +
                              " are stored or on their way. Remove something first.");
    refusal.close = true;
    return refusal;
}

http::problem no_room(const files::store_space& space, const error_code& error) {
    const auto used = space.current();
    auto refusal =
        refuse(http::status::insufficient_storage,
               "The disk has no room for this upload: " + bytes_text(used.free) + " are free, of which " +
                   bytes_text(space.limits().min_free) + " stay free (uploads.min_free).");
    refusal.log_detail = "upload not stored: " + error.message();
    refusal.close = true;
    return refusal;
}

/// EFBIG.
http::problem beyond_file_size(const error_code& error) {
    auto refusal =
        refuse(http::status::payload_too_large,
               "Files of this size cannot be written here: the limit is that of the file system, or of "
               "the server's process.");
    refusal.log_detail = "upload not stored: " + error.message() + " (raise ulimit -f, LimitFSIZE)";
    refusal.close = true;
    return refusal;
}

}  // namespace

http::problem body_failed(error_code error) {
    if (error == errc::end_of_stream) error = errc::bad_framing;
    // What is no error of ours is one of the connection.
    if (error.category() != fairlead_category()) return client_left();
    auto refusal = http::problem_from(error);
    refusal.close = true;
    return refusal;
}

http::problem too_large(const upload_rules& rules, std::string_view actual) {
    auto refusal =
        refuse(http::status::payload_too_large, "The limit for one upload is " + bytes_text(rules.max_body) +
                                                    " (uploads.max_body); this one has ");
    refusal.detail.append(actual).append(".");
    refusal.close = true;
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
    if (!request.fields[http::field::content_encoding].empty())
        return refuse(http::status::unsupported_media_type, "Send the content without a Content-Encoding.");
    if (!request.body)
        return refuse(http::status::length_required, "Send the content with Content-Length or in chunks.");
    const auto length = request.body->length();
    if (length >= 0 && static_cast<std::uint64_t>(length) > place.rules.max_body)
        return too_large(place.rules, std::to_string(length));
    return refuse_after_failure(place);
}

http::problem storage_failed(const upload_place& place, error_code error, const std::string& indeterminate) {
    const auto& space = place.with.store.space();
    if (error == errc::overloaded) return limits::overload(place.rules.retry_after, "requests at work");
    if (error == errc::quota_exceeded) return no_quota(space);
    if (error == boost::system::errc::no_space_on_device) return no_room(space, error);
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
    if (!indeterminate.empty())
        refusal.log_detail += "; nobody knows what a power loss would leave as " + indeterminate;
    return refusal;
}

http::checked<std::vector<sha_digest>> expected_digests(const http::field_table& fields) {
    std::vector<sha_digest> expected;
    for (const auto* name : {"Content-Digest", "Repr-Digest"}) {
        const auto wanted = http::parse_digests(fields, name);
        if (!wanted) return wanted.error();
        if (wanted->sha256) expected.push_back(*wanted->sha256);
        if (wanted->sha512) expected.push_back(*wanted->sha512);
    }
    return expected;
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
