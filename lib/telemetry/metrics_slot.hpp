#pragma once

// What metrics.cpp counts and metrics_text.cpp prints; nobody else includes this.

#include "telemetry/metrics.hpp"

#include <array>
#include <atomic>
#include <utility>

namespace fairlead::telemetry {

constexpr std::array method_names = {"GET",   "HEAD",    "POST",  "PUT",     "DELETE",
                                     "PATCH", "OPTIONS", "TRACE", "CONNECT", "OTHER"};

/// Codes that have a series of their own; all others share the series of their class.
constexpr std::array<unsigned, 47> known_codes = {100, 101, 200, 201, 202, 204, 206, 207, 301, 302, 303, 304,
                                                  307, 308, 400, 401, 403, 404, 405, 406, 407, 408, 409, 410,
                                                  411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 428,
                                                  429, 431, 499, 500, 501, 502, 503, 504, 505, 507, 508};
constexpr std::array code_classes = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"};
constexpr std::size_t code_count = known_codes.size() + code_classes.size();

/// Seconds. OpenTelemetry's bounds for HTTP, with two before them because answers from the cache are faster.
constexpr std::array duration_bounds = {0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
                                        0.25,   0.5,   0.75,  1.0,  2.5,   5.0,  7.5,   10.0};
/// Bytes.
constexpr std::array size_bounds = {256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0};

constexpr std::array reject_reasons = {"soft_limit", "hard_limit", "fd_limit", "address_limit"};
constexpr std::array limit_reasons = {"requests", "bytes", "connections", "logins"};
constexpr std::array shed_reasons = {"queue_full", "queue_timeout", "connections", "logins"};

constexpr std::array tunnel_refusals = {"rule", "address", "limit", "unreachable", "timeout"};
constexpr std::array tunnel_directions = {"client", "destination"};

/// `Cell` is an atomic in a thread's slot and a plain number in a sum, so that both have one shape.
template <class Cell, std::size_t Bounds>
struct histogram_cells {
    std::array<Cell, Bounds + 1> buckets{};  ///< not cumulative; the last one is beyond all bounds
    Cell sum{};                              ///< nanoseconds or bytes
};

template <class Cell>
struct counter_cells {
    std::array<std::array<Cell, code_count>, method_names.size()> requests{};
    histogram_cells<Cell, duration_bounds.size()> duration;
    histogram_cells<Cell, size_bounds.size()> size;
    histogram_cells<Cell, duration_bounds.size()> commit;
    std::array<Cell, shed_reasons.size()> shed{};
    std::array<Cell, reject_reasons.size()> rejected{};
    std::array<Cell, limit_reasons.size()> limited{};
    Cell accepted{};
    Cell uploads_created{};
    Cell uploads_finished{};
    Cell uploads_terminated{};
    Cell upload_bytes{};
    std::array<Cell, tunnel_refusals.size()> tunnels_refused{};
    std::array<Cell, tunnel_directions.size()> tunnel_bytes{};
    Cell tunnels_opened{};
    Cell tunnels_ended{};
};

struct metrics::sums : counter_cells<std::uint64_t> {};

/// The counters of one thread. Its owner alone writes them, which a scrape reads at any moment.
struct alignas(64) metrics::slot : counter_cells<std::atomic<std::uint64_t>> {
    std::atomic<const void*> owner{nullptr};
};

struct metrics::watched {
    source number;
    std::function<double()> read;
};

}  // namespace fairlead::telemetry
