#pragma once

#include "content/json_check.hpp"
#include "files/staged_file.hpp"
#include "files/upload_store.hpp"
#include "handlers/handler.hpp"
#include "limits/work_limit.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

namespace fairlead::handlers {

struct json_upload_options {
    std::uint64_t max_body = 1 << 20;      ///< bytes of one document
    unsigned max_depth = 32;               ///< nesting of one document
    std::string url_prefix = "/uploads/";  ///< where a stored document is found, if it is served
    std::chrono::milliseconds retry_after{5000};
};

/// POST of one JSON document: checked while it arrives, stored durably, then answered with 201.
///
///   1. method 405, media type 415, length 411 and 413: before the body is asked for
///   2. pieces are read, checked and, above 64 KiB, staged: memory is bounded whatever the limit
///   3. the rest is staged and committed; only then 201 with Location
/// A refusal at any point leaves nothing behind.
class json_upload final : public handler {
public:
    json_upload(json_upload_options options, files::upload_store& store, boost::asio::thread_pool& commits,
                limits::work_limit& work, telemetry::metrics& metrics);

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    struct upload;

    std::optional<http::outcome> refuse_early(const http::request& request) const;
    task<std::optional<http::problem>> receive(http::request& request, upload& arriving);
    task<std::optional<http::problem>> stage(upload& arriving);
    template <class Work>
    task<std::invoke_result_t<Work>> on_disk(Work work);
    task<http::outcome> commit(upload& arriving);
    http::problem storage_failed(error_code error, const upload& arriving) const;
    http::problem too_large(std::string_view actual) const;

    const json_upload_options options_;
    files::upload_store& store_;
    boost::asio::thread_pool& commits_;
    limits::work_limit& work_;
    telemetry::metrics& metrics_;
    std::atomic<std::chrono::steady_clock::rep> slow_until_{0};  // see on_disk()
};

}  // namespace fairlead::handlers
