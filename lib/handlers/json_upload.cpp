#include "handlers/json_upload.hpp"

#include "base/blocking.hpp"
#include "base/text.hpp"
#include "handlers/methods.hpp"
#include "http/field_value.hpp"
#include "limits/overload.hpp"

#include <algorithm>

namespace fairlead::handlers {
namespace {

// A document up to this size is written with one visit to the pool; a larger one leaves memory piece by
// piece.
constexpr std::size_t stage_size = 64 * 1024;
// First buffer for a body of unknown length.
constexpr std::size_t first_buffer = 4 * 1024;

// A call to the page cache takes some 20 us. One that took longer than this waited for the disk, and after it
// the pool is used for so many times as long, at most for `slow_period`. So an I/O thread waits for a disk
// that stalls now and then about a hundredth of its time.
constexpr std::chrono::milliseconds quick_call{2};
constexpr int slow_factor = 100;
constexpr std::chrono::steady_clock::duration slow_period = std::chrono::seconds(10);

http::problem refuse(http::status status, std::string detail) {
    http::problem refusal;
    refusal.status = status;
    refusal.detail = std::move(detail);
    return refusal;
}

/// A body that could not be read to its end: whatever the reason, nothing after it can be framed.
http::problem body_failed(error_code error) {
    if (error == errc::end_of_stream) error = errc::bad_framing;
    auto refusal = http::problem_from(error);
    refusal.close = true;
    return refusal;
}

}  // namespace

/// A document on its way.
struct json_upload::upload {
    explicit upload(const json_upload_options& options) : check(options.max_depth, options.max_body) {}
    content::json_check check;
    std::string pending;  // received and checked, not staged yet
    std::size_t used = 0;
    std::uint64_t received = 0;
    std::optional<files::staged_file> staged;
};

json_upload::json_upload(json_upload_options options, files::upload_store& store,
                         boost::asio::thread_pool& commits, limits::work_limit& work,
                         telemetry::metrics& metrics)
    : options_(std::move(options)), store_(store), commits_(commits), work_(work), metrics_(metrics) {}

bool json_upload::try_handle(http::request& request, http::outcome& outcome) {
    auto refusal = refuse_early(request);
    if (refusal) outcome = std::move(*refusal);
    return refusal.has_value();
}

http::problem json_upload::too_large(std::string_view actual) const {
    auto refusal = refuse(http::status::payload_too_large, "The limit for one document is " +
                                                               std::to_string(options_.max_body) +
                                                               " bytes (uploads.max_body); this one has ");
    refusal.detail.append(actual).append(".");
    refusal.close = true;
    return refusal;
}

std::optional<http::outcome> json_upload::refuse_early(const http::request& request) const {
    if (auto other = check_method(request, {http::verb::post})) return other;
    const auto type = http::parse_media_type(request.fields[http::field::content_type]);
    if (!type || !type->is("application", "json")) {
        auto refusal = refuse(http::status::unsupported_media_type,
                              "This address takes Content-Type: application/json.");
        refusal.fields.add("Accept-Post", "application/json");
        return refusal;
    }
    const auto charset = type->parameter("charset");
    if (!charset.empty() && !iequals(http::unquote(charset), "utf-8"))
        return refuse(http::status::unsupported_media_type, "JSON is sent as UTF-8 (RFC 8259 section 8.1).");
    if (!request.fields[http::field::content_encoding].empty())
        return refuse(http::status::unsupported_media_type, "Send the document without a Content-Encoding.");
    if (!request.body)
        return refuse(http::status::length_required, "Send the document with Content-Length or in chunks.");
    const auto length = request.body->length();
    if (length >= 0 && static_cast<std::uint64_t>(length) > options_.max_body)
        return too_large(std::to_string(length));
    if (store_.writes_failed())
        return refuse(http::status::service_unavailable,
                      "The disk reported an error: uploads are off until it was looked at.");
    return std::nullopt;
}

task<http::outcome> json_upload::handle(http::request& request) {
    if (auto refusal = refuse_early(request)) co_return std::move(*refusal);
    upload arriving(options_);
    metrics_.upload_created();
    auto refused = co_await receive(request, arriving);
    metrics_.upload_received(arriving.received);
    if (refused) {
        metrics_.upload_terminated();
        co_return std::move(*refused);
    }
    auto outcome = co_await commit(arriving);
    co_return outcome;
}

/// Reads, checks and stages until the body ends.
task<std::optional<http::problem>> json_upload::receive(http::request& request, upload& arriving) {
    const auto length = request.body->length();
    const auto wanted =
        length >= 0 ? static_cast<std::size_t>(length) + 1 : first_buffer;  // + 1: so that the end is seen
    arriving.pending.resize(std::min(wanted, stage_size));
    for (;;) {
        if (arriving.used == stage_size) {
            auto failed = co_await stage(arriving);
            if (failed) co_return failed;
        } else if (arriving.used == arriving.pending.size()) {
            arriving.pending.resize(std::min(arriving.used * 2, stage_size));
        }
        const std::span<char> room(arriving.pending.data() + arriving.used,
                                   arriving.pending.size() - arriving.used);
        const auto got = co_await request.body->read_some(room);
        if (!got) co_return body_failed(got.error());
        if (*got == 0) break;
        arriving.received += *got;
        if (arriving.received > options_.max_body) co_return too_large("more");
        const auto fault = arriving.check.write(room.first(*got));
        if (fault) co_return refuse(http::status::bad_request, fault->text());
        arriving.used += *got;
    }
    if (const auto fault = arriving.check.finish())
        co_return refuse(http::status::bad_request, fault->text());
    co_return std::nullopt;
}

/// Runs `work` on the pool. Without syncs a document goes to the page cache, which is quicker than another
/// thread can be woken (measured: a fourth of the whole request); then it runs here, until one call shows
/// that the disk is in the way.
template <class Work>
task<std::invoke_result_t<Work>> json_upload::on_disk(Work work) {
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    const bool is_quick = store_.effective() == config::durability::off &&
                          begin.time_since_epoch().count() >= slow_until_.load(std::memory_order_relaxed);
    if (!is_quick) {
        auto done = co_await run_blocking(commits_, std::move(work));
        co_return done;
    }
    auto done = work();
    const auto end = clock::now();
    if (end - begin > quick_call) {
        const auto until =
            (end + std::min(slow_factor * (end - begin), slow_period)).time_since_epoch().count();
        auto known = slow_until_.load(std::memory_order_relaxed);
        while (known < until && !slow_until_.compare_exchange_weak(known, until, std::memory_order_relaxed)) {
        }
    }
    co_return done;
}

/// Moves what is pending to the staged file.
task<std::optional<http::problem>> json_upload::stage(upload& arriving) {
    const auto permit = co_await work_.acquire();
    if (!permit) co_return limits::overload(options_.retry_after, "requests at work");
    const auto failed = co_await on_disk([this, &arriving]() -> error_code {
        if (!arriving.staged) {
            auto created = files::staged_file::create(store_);
            if (!created) return created.error();
            arriving.staged.emplace(std::move(*created));
        }
        return arriving.staged->write({arriving.pending.data(), arriving.used});
    });
    if (failed) co_return storage_failed(failed, arriving);
    arriving.used = 0;
    co_return std::nullopt;
}

task<http::outcome> json_upload::commit(upload& arriving) {
    const auto permit = co_await work_.acquire();
    if (!permit) {
        metrics_.upload_terminated();
        co_return limits::overload(options_.retry_after, "requests at work");
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto name = co_await on_disk([this, &arriving]() -> result<std::string> {
        if (!arriving.staged) {
            auto created = files::staged_file::create(store_);
            if (!created) return created.error();
            arriving.staged.emplace(std::move(*created));
        }
        if (const auto failed = arriving.staged->write({arriving.pending.data(), arriving.used}))
            return failed;
        return arriving.staged->commit();
    });
    metrics_.upload_committed(std::chrono::steady_clock::now() - begin, name.has_value());
    if (!name) co_return storage_failed(name.error(), arriving);

    const auto path = options_.url_prefix + *name;
    http::response created;
    created.status = http::status::created;
    created.fields.add("Content-Type", "application/json");
    created.fields.add("Location", path);
    created.fields.add("Fairlead-Durability",
                       store_.effective() == config::durability::full ? "full" : "off");
    // The name has only letters, digits, '_' and '.', so it needs no escaping.
    created.body = R"({"status":"success","message":"File created successfully","filepath":")" + path + "\"}";
    co_return created;
}

http::problem json_upload::storage_failed(error_code error, const upload& arriving) const {
    auto refusal = http::problem_from(error);
    // A directory that is gone or closed would be 404 or 403 for a file that is asked for; here it is our
    // fault.
    if (static_cast<unsigned>(refusal.status) < 500) {
        refusal.status = http::status::internal_server_error;
        refusal.detail = "The document could not be stored.";
    }
    refusal.log_detail = "upload not stored: " + error.message();
    if (arriving.staged && !arriving.staged->indeterminate_name().empty())
        refusal.log_detail += "; it may yet be found as " + arriving.staged->indeterminate_name();
    return refusal;
}

}  // namespace fairlead::handlers
