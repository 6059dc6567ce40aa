#pragma once

#include "base/sha.hpp"
#include "files/answer_records.hpp"
#include "files/open_files.hpp"
#include "files/upload_store.hpp"
#include "handlers/digest_check.hpp"
#include "handlers/name_turns.hpp"
#include "handlers/upload_disk.hpp"
#include "http/cors.hpp"
#include "http/problem.hpp"
#include "http/refusal.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {

/// What one place takes.
struct upload_rules {
    std::string url_prefix = "/uploads/";   ///< where stored files are found; begins and ends with '/'
    std::uint64_t max_body = 1 << 20;       ///< bytes of one body
    unsigned max_depth = 32;                ///< nesting of one document
    unsigned max_parts = 100;               ///< of one form
    std::vector<std::string> types{"*/*"};  ///< media types of what is no JSON document
    bool takes_json = true;                 ///< POST of documents, which are checked
    bool takes_raw = false;                 ///< POST of anything else
    bool takes_forms = false;               ///< POST of multipart/form-data
    bool takes_put = false;
    bool takes_delete = false;
    bool are_named_by_client = false;  ///< files of forms
    bool makes_directories = false;    ///< for PUT
    bool has_digests = true;           ///< the SHA-256 of each file is computed and kept
    std::chrono::milliseconds retry_after{5000};
    std::optional<http::cors_policy> cors;  ///< whose pages may upload; not set: those of this host
};

/// What all places of one store share.
struct upload_services {
    files::upload_store& store;
    files::answer_records* records;  ///< nullptr: keys are ignored
    upload_disk& disk;
    name_turns& turns;
    const std::vector<files::open_files*>& served;  ///< where stored files are read, through any place
    std::atomic<std::uint64_t>& buffer_bytes;       ///< memory of all uploads under way
    telemetry::metrics& metrics;
    telemetry::log& log;
};

/// A place that takes uploads: its rules, and what they are carried out with.
struct upload_place {
    upload_rules rules;
    upload_services with;

    /// After a stored file was replaced or removed.
    void forget(std::string_view path) const {
        for (auto* one : with.served) one->invalidate(path);
    }
};

/// One upload on its way, from the first look at the disk to its answer. Outlives whatever refers to it.
struct ongoing_upload {
    ongoing_upload(const upload_place& taken_by, http::request& asked)
        : place(taken_by), request(asked), disk(taken_by.with.disk) {}

    const upload_place& place;
    http::request& request;
    disk_visits disk;
};

/// 503 after the disk has failed; nothing while it can be believed.
std::optional<http::problem> refuse_after_failure(const upload_place& place);

/// 403 for a request that a page of another site makes, if that site is not listed in `cors.origins`:
/// browsers send forms anywhere without asking, so everybody's pages could fill a disk. Judged by
/// Sec-Fetch-Site, or by Origin and Host where a browser does not send that; what is no browser sends
/// neither.
std::optional<http::problem> refuse_other_sites(const upload_place& place, const http::request& request);

/// What has to be said of a body before it is asked for, whatever it is: 403 (`refuse_other_sites`), 411,
/// 413, 415 for an encoding, 503 after the disk has failed. Nothing: it may come.
std::optional<http::problem> refuse_body(const upload_place& place, const http::request& request);

/// 413 for a body of `actual` bytes.
http::problem too_large(const upload_rules& rules, std::string_view actual);

/// The refusal for what went wrong while storing. `indeterminate` names a file of which nobody knows whether
/// it would be there after a power loss. How much is stored or free is told to those alone who may read it.
http::problem storage_failed(const upload_place& place, const http::request& request, error_code error,
                             const std::string& indeterminate = {});

/// What Content-Digest and Repr-Digest say of the body: without a Content-Encoding both mean the same bytes.
/// Refusals: those of http::parse_digests.
http::checked<expected_digests> digests_expected_by(const http::field_table& fields);

/// After a body was read to its end: adds what its trailer section says to what is checked. A refusal, 400:
/// what stands there is malformed, or was not announced and cannot be checked any more.
std::optional<http::problem> take_trailer(const http::body_reader& body, digest_check& check);

/// 201 for what was made by POST.
http::response created(const upload_place& place, const files::answer_record& stored);

/// Field lines that every answer has which promises something of a stored file.
void add_promise(http::response& answer, const upload_place& place, std::string_view etag,
                 std::string_view digest);

}  // namespace fairlead::handlers
