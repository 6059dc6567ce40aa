#pragma once

#include "handlers/handler.hpp"
#include "http/connect_rules.hpp"
#include "limits/place_count.hpp"
#include "net/connector.hpp"
#include "net/resolver.hpp"
#include "net/splice_pipes.hpp"
#include "telemetry/metrics.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace fairlead::handlers {

/// What a site says of its tunnels.
struct tunnel_rules {
    http::connect_rules destinations;
    http::connect_networks networks;
    unsigned most = 0;                          ///< tunnels at a time
    std::chrono::milliseconds timeout{0};       ///< until the connection stands
    std::chrono::milliseconds idle_timeout{0};  ///< these three as in net::opened_tunnel
    std::chrono::milliseconds max_time{0};
    std::uint64_t max_bytes = 0;
    std::chrono::milliseconds retry_after{0};  ///< told with 503
};

/// What the tunnels of all sites share.
struct tunnel_services {
    net::resolver& names;
    net::deadline_list& deadlines;
    net::splice_pipes& pipes;
    telemetry::metrics& metrics;
};

/// Answers CONNECT (RFC 9110 section 9.3.6):
///
///   1. the target: a host and a port, written in one form only    400
///   2. is it listed?                                              403, event tunnel
///   3. a place among the tunnels                                  503
///   4. the addresses of the name                                  502, 504; 503 when too many are asked for
///   5. those that are allowed; there is none:                     403, event tunnel; 503 when this machine's
///      own addresses cannot be listed
///   6. a connection to one of them, in turn                       502, 504; 503 when descriptors run out
///
/// What was checked in step 5 is what is connected to in step 6: the name is not looked up again.
///
/// When the client leaves meanwhile, all of it ends, and its place is free (499, which nobody reads). So it
/// does when the client has ended what it sends, and has sent nothing for the destination: that is how a
/// client looks that closed its connection.
class open_tunnel final : public handler {
public:
    open_tunnel(tunnel_rules rules, const tunnel_services& services)
        : rules_(std::move(rules)), services_(services), places_(rules_.most) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    using clock = std::chrono::steady_clock;
    using refusal = telemetry::tunnel_refusal;
    struct connected {
        std::unique_ptr<net::byte_stream> stream;
        ip_address to;
    };

    http::problem count(refusal reason, http::problem answer) const;
    http::problem busy(std::string_view limit) const;
    std::optional<http::problem> check(const http::request& request, http::connect_target& where) const;
    task<net::resolver::answer> addresses_of(http::connect_target where, ip_address asker,
                                             net::patience how_long) const;
    std::vector<ip_address> keep_allowed(const std::vector<ip_address>& found,
                                         const std::vector<ip_address>& own, std::string& refused) const;
    task<result<connected>> connect(std::vector<ip_address> to, std::uint16_t port,
                                    net::patience how_long) const;
    http::problem unreachable(const http::connect_target& where, const error_code& why) const;
    http::problem unguarded(const error_code& why) const;
    http::response opened(const http::connect_target& where, connected way,
                          std::shared_ptr<void> place) const;

    const tunnel_rules rules_;
    const tunnel_services services_;
    limits::place_count places_;
};

}  // namespace fairlead::handlers
