#pragma once

#include <prometheus/collectable.h>
#include <boost/beast/http/verb.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::telemetry {

/// Why a connection was turned away.
enum class reject_reason {
    soft_limit,     ///< answered 503
    hard_limit,     ///< closed unread
    fd_limit,       ///< no descriptor to accept it with (EMFILE, ENFILE)
    address_limit,  ///< its address has as many as one may have: answered 429, or closed unread
};

/// Why a request was answered 503.
enum class shed_reason {
    queue_full,
    queue_timeout,
    connections,  ///< it came on a connection past the soft limit
    logins,       ///< too many passwords are being compared
};

/// Why a request was answered 429.
enum class limit_reason {
    requests,     ///< more in a time than a rate allows
    bytes,        ///< the client is ahead of the bytes that a rate allows
    connections,  ///< it came on a connection past that of one address
    logins,       ///< too many wrong passwords came from its address
};

/// Why a tunnel was not opened.
enum class tunnel_refusal {
    rule,         ///< the destination is not listed, or none
    address,      ///< its name leads to addresses that are not allowed
    limit,        ///< too many tunnels, or names being looked up
    unreachable,  ///< no such name, or nobody takes the connection
    timeout,
};

/// Numbers that others keep and `metrics` asks for at each scrape.
enum class source {
    connections_active,
    connections_limit,
    requests_in_flight,
    requests_queued,
    rates_forgiven,  ///< of clients, for want of room
    log_dropped,     ///< lines of all logs together
};

/// What the status line needs of the counters, since the start.
struct metrics_totals {
    std::uint64_t requests = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_rejected = 0;
    std::uint64_t requests_shed = 0;
};

/// The server's counters. Each thread counts in cache lines of its own (about a nanosecond), a scrape adds
/// them up. Counting allocates nothing, and no label takes a value that a client can invent: methods beyond
/// the known ones are `OTHER`, status codes that the server never sends are counted as their class (`4xx`).
class metrics final : public prometheus::Collectable {
public:
    /// The media type of `text()` (Prometheus text format 0.0.4).
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    /// `max_threads` threads count at full speed; any more are counted as exactly, but slower.
    explicit metrics(unsigned max_threads);
    ~metrics() override;
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    /// A response was sent, of `bytes_sent` bytes, `duration` after its request began.
    void request_finished(boost::beast::http::verb method, unsigned status, std::chrono::nanoseconds duration,
                          std::uint64_t bytes_sent) noexcept;
    void request_shed(shed_reason reason) noexcept;
    void request_limited(limit_reason reason) noexcept;
    void connection_accepted() noexcept;
    void connection_rejected(reject_reason reason) noexcept;

    /// An upload begins. Each one ends with `upload_committed` or `upload_terminated`.
    void upload_created() noexcept;
    /// Bytes of an upload's body arrived.
    void upload_received(std::uint64_t bytes) noexcept;
    /// The disk took `duration` to make an upload durable; counts as finished if `ok`, else as terminated.
    void upload_committed(std::chrono::nanoseconds duration, bool ok) noexcept;
    /// An upload was given up before it came to the disk: refused, or cut by its sender.
    void upload_terminated() noexcept;

    void tunnel_refused(tunnel_refusal reason) noexcept;
    void tunnel_opened() noexcept;
    /// One that was opened has ended, after it had moved this many bytes.
    void tunnel_ended(std::uint64_t to_client, std::uint64_t to_destination) noexcept;

    /// Names where a number comes from; without this its family is left out. Call it before the first scrape.
    /// `read` is called on the scraping thread.
    void watch(source number, std::function<double()> read);

    metrics_totals totals() const noexcept;

    /// All families in the text format. Of requests by method and code, only pairs that occurred.
    std::string text() const;

    /// The same as a list, for prometheus-cpp's exposers.
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    struct slot;
    struct watched;
    struct sums;

    slot& own_slot() const noexcept;
    slot& claim_slot(const void* thread) const noexcept;
    sums add_up() const;

    const unsigned slot_count_;
    std::unique_ptr<slot[]> slots_;  ///< [0] is shared by threads that found no other
    std::vector<watched> watched_;
};

}  // namespace fairlead::telemetry
