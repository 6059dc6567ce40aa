#pragma once

#include "telemetry/metrics.hpp"

#include <chrono>
#include <cstdint>

namespace fairlead::handlers {

/// Counts one upload in the metrics: begun when it is made, ended once, as finished or as terminated, however
/// the request ends.
class upload_count {
public:
    /// `metrics` outlives it.
    explicit upload_count(telemetry::metrics& metrics) noexcept : metrics_(metrics) {
        metrics_.upload_created();
    }
    upload_count(const upload_count&) = delete;
    upload_count& operator=(const upload_count&) = delete;
    ~upload_count() {
        if (!has_ended_) metrics_.upload_terminated();
    }

    /// The body has come, or as much of it as will.
    void received(std::uint64_t bytes) noexcept { metrics_.upload_received(bytes); }
    /// The disk begins with what remains.
    void begin_commit() noexcept { begin_ = std::chrono::steady_clock::now(); }
    void committed(bool ok) noexcept {
        has_ended_ = true;
        metrics_.upload_committed(std::chrono::steady_clock::now() - begin_, ok);
    }

private:
    telemetry::metrics& metrics_;
    std::chrono::steady_clock::time_point begin_{};
    bool has_ended_ = false;
};

}  // namespace fairlead::handlers
