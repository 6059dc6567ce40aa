#include "config/rows.hpp"

#include <array>

/// How much the server takes on at once, and how long it waits for anybody.
namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

template <auto Member>
constexpr auto limit() {
    return field_at<&settings::limits, Member>();
}

using l = limit_settings;

constexpr std::array rows{
    setting{"limits.connections", count_kind{limit<&l::connections>(), 1, many},
            "From this many connections on, a new one gets 503 (health checks excepted).", "4096"},
    setting{"limits.connections_hard", count_kind{limit<&l::connections_hard>(), 1, many},
            "From this many on, a new connection is closed unread; not set, it is a quarter above "
            "`limits.connections`.",
            "8192"},
    setting{"limits.connections_per_address", count_kind{limit<&l::connections_per_address>(), 0, many},
            "From this many connections of one client on (IPv4 address, or /64 of IPv6), a new one gets 429; "
            "a quarter above it is closed unread. 0 is no limit; trusted proxies have none.",
            "64"},
    setting{"limits.rate_keys", count_kind{limit<&l::rate_keys>(), 1'000, 100 * many},
            "Addresses and users, for each rate, that are known at once, in 64 bytes of memory each; what is "
            "beyond that forgets those who used least of their rate.",
            "1000000"},
    setting{"limits.in_flight", count_kind{limit<&l::in_flight>(), 1, many},
            "Requests at work at once; waiting for a client's bytes is not work.", "256", scope::route},
    setting{"limits.queue", count_kind{limit<&l::queue>(), 0, many},
            "Requests that may wait for a place among `limits.in_flight`; beyond that 503.", "200",
            scope::route},
    setting{"limits.queue_timeout", time_kind{limit<&l::queue_timeout>(), 1ms, 1h},
            "Longest wait in the queue; then 503.", R"("2s")", scope::route},
    setting{"limits.retry_after", time_kind{limit<&l::retry_after>(), 1s, 1h},
            "Least `Retry-After` of a 503; up to 40 % are added at random.", R"("10s")"},
    setting{"limits.requests_per_connection",
            count_kind{limit<&l::requests_per_connection>(), 1, 1'000'000'000},
            "Requests of one connection before it is closed.", "1000"},
    setting{"limits.idle_timeout", time_kind{limit<&l::idle_timeout>(), 100ms, 24h},
            "How long a connection may be idle between two requests.", R"("75s")"},
    setting{"limits.idle_timeout_pressed", time_kind{limit<&l::idle_timeout_pressed>(), 100ms, 24h},
            "The same from 90 % of `limits.connections` on; never longer than `limits.idle_timeout`.",
            R"("1s")"},
    setting{"limits.header_timeout", time_kind{limit<&l::header_timeout>(), 100ms, 1h},
            "From the first byte of a request head to its last; then 408.", R"("5s")"},
    setting{"limits.header_size", size_kind{limit<&l::header_size>(), 512, mib},
            "Most bytes of request line and fields together; above it 414 or 431.", R"("16k")"},
    setting{"limits.min_body_rate", size_kind{limit<&l::min_body_rate>(), 0, gib},
            "Bytes per second, averaged, below which a body or a reader is cut; 0 switches it off.",
            R"("1k")"},
    setting{"limits.write_stall_timeout", time_kind{limit<&l::write_stall_timeout>(), 100ms, 24h},
            "How long a client may take no byte of an answer.", R"("1m")"},
    setting{
        "limits.shutdown_delay", time_kind{limit<&l::shutdown_delay>(), 0ms, 1h},
        "When the server is told to stop, how long it goes on as before while `/readyz` says 503 already.",
        R"("5s")"},
    setting{"limits.drain_timeout", time_kind{limit<&l::drain_timeout>(), 0ms, 24h},
            "Time for requests at work when the server stops.", R"("25s")"},
};

}  // namespace

std::span<const setting> limit_rows() noexcept { return rows; }

}  // namespace fairlead::config
