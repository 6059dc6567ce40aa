#include "config/item_checks.hpp"
#include "config/rows.hpp"

#include <array>

/// Where CONNECT leads to, and how much goes through.
namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

template <auto Member>
constexpr auto connect() {
    return field_at<&settings::site, &site_settings::connect, Member>();
}

using t = connect_settings;

constexpr std::array rows{
    setting{"connect.allow", texts_kind{connect<&t::allow>(), true, check_destination, {}},
            "Destinations that CONNECT opens tunnels to: `HOST:PORT`, `*.example.org:443,8000-8099`; an "
            "empty list switches tunnels off.",
            R"(["*.example.org:443", "db.internal:5432"])", scope::site},
    setting{
        "connect.networks", texts_kind{connect<&t::networks>(), true, check_network, {}},
        "Networks that tunnels may reach although they are private, of this machine, or special otherwise.",
        R"(["10.1.0.0/16", "fd12::/32"])", scope::site},
    setting{"connect.tunnels", count_kind{connect<&t::tunnels>(), 1, many},
            "Tunnels at a time; beyond that 503. Each counts for `limits.connections`, too.", "64",
            scope::site},
    setting{"connect.timeout", time_kind{connect<&t::timeout>(), 100ms, 10min},
            "From the request until the connection to the destination stands; then 504.", R"("5s")",
            scope::site},
    setting{"connect.idle_timeout", time_kind{connect<&t::idle_timeout>(), 1s, 24h * 7},
            "How long a tunnel may stand without a byte in either direction.", R"("1h")", scope::site},
    setting{"connect.max_time", time_kind{connect<&t::max_time>(), 0ms, 24h * 365},
            "How long a tunnel may stand at all; \"0s\" is no limit.", R"("12h")", scope::site},
    setting{"connect.max_bytes", size_kind{connect<&t::max_bytes>(), 0, 1024 * 1024 * gib},
            "Bytes that a tunnel may move, both ways together; 0 is no limit.", R"("10g")", scope::site},
};

}  // namespace

std::span<const setting> tunnel_rows() noexcept { return rows; }

}  // namespace fairlead::config
