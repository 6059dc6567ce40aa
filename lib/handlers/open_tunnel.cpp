#include "handlers/open_tunnel.hpp"

#include "handlers/refusals.hpp"
#include "limits/overload.hpp"
#include "limits/shared_queue.hpp"
#include "net/opened_tunnel.hpp"

namespace fairlead::handlers {
namespace {

/// One answer for a destination that is not listed and one whose addresses are not allowed, so that nobody
/// learns what a name of ours leads to.
http::problem not_allowed(std::string log_detail) {
    auto answer = refuse(http::status::forbidden, "This server opens no tunnel to that destination.");
    answer.log_detail = std::move(log_detail);
    answer.event = http::security_event::tunnel;
    return answer;
}

/// Whether the client still waits. It may be nullptr, in tests.
class waiting_client final : public http::connection_view {
public:
    explicit waiting_client(const http::connection_view* client) noexcept : client_(client) {}
    bool has_left() const noexcept override {
        return client_ && (client_->has_left() || client_->has_said_all());
    }
    http::local_end local() const noexcept override { return client_ ? client_->local() : http::local_end{}; }

private:
    const http::connection_view* client_;
};

}  // namespace

bool open_tunnel::try_handle(http::request& request, http::outcome& outcome) {
    http::connect_target where;
    auto refused = check(request, where);
    if (refused) outcome = std::move(*refused);
    return refused.has_value();
}

task<http::outcome> open_tunnel::handle(http::request& request) {
    http::connect_target where;
    auto refused = check(request, where);
    if (refused) co_return std::move(*refused);
    auto place = places_.enter();
    if (!place) co_return busy("tunnels");
    const waiting_client client(request.connection);
    const net::patience how_long{services_.deadlines, clock::now() + rules_.timeout, &client};
    const auto found = co_await addresses_of(where, request.client.ip, how_long);
    if (!found) co_return unreachable(where, found.error());
    const auto own = net::own_addresses();
    if (!own) co_return unguarded(own.error());
    std::string why;
    const auto allowed = keep_allowed(*found, *own, why);
    if (allowed.empty())
        co_return count(refusal::address, not_allowed(where.to_string() + " leads to " + why));
    auto way = co_await connect(net::in_turn(allowed), where.port, how_long);
    if (!way) co_return unreachable(where, way.error());
    co_return opened(where, std::move(*way), std::move(place));
}

/// Steps 1 and 2.
std::optional<http::problem> open_tunnel::check(const http::request& request,
                                                http::connect_target& where) const {
    if (request.body && request.body->length() != 0) {
        // Nobody could tell its bytes from those for the destination.
        return count(refusal::rule, refuse(http::status::bad_request, "A CONNECT request has no content."));
    }
    auto parsed = http::parse_connect_target(request.target);
    if (!parsed) return count(refusal::rule, http::to_problem(parsed.error()));
    where = std::move(*parsed);
    if (rules_.destinations.allows(where)) return std::nullopt;
    return count(refusal::rule, not_allowed(where.to_string() + " is not listed in connect.allow"));
}

task<net::resolver::answer> open_tunnel::addresses_of(http::connect_target where, ip_address asker,
                                                      net::patience how_long) const {
    if (where.address) co_return std::vector{*where.address};
    auto found = co_await services_.names.resolve(where.name, limits::wide_key(asker), how_long);
    co_return found;
}

/// The addresses that may be connected to; what the others are is added to `refused`.
std::vector<ip_address> open_tunnel::keep_allowed(const std::vector<ip_address>& found,
                                                  const std::vector<ip_address>& own,
                                                  std::string& refused) const {
    std::vector<ip_address> allowed;
    for (const auto& one : found) {
        const auto why = rules_.networks.refuses(one, own);
        if (why.empty())
            allowed.push_back(one);
        else
            refused.append(refused.empty() ? "" : ", ").append(one.to_string()).append(" (").append(why) +=
                ')';
    }
    return allowed;
}

/// Tries one after the other, each for an equal part of the time that is left.
task<result<open_tunnel::connected>> open_tunnel::connect(std::vector<ip_address> to, std::uint16_t port,
                                                          net::patience how_long) const {
    error_code why = errc::timeout;
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto now = clock::now();
        if (now >= how_long.until) break;
        auto this_one = how_long;
        this_one.until = now + (how_long.until - now) / static_cast<clock::rep>(to.size() - i);
        auto stream = co_await net::connect(net::socket_address::tcp(to[i], port), this_one);
        if (stream) co_return connected{std::move(*stream), to[i]};
        why = stream.error();
        if (why == errc::abandoned || why == errc::cancelled) break;
    }
    co_return why;
}

http::problem open_tunnel::unreachable(const http::connect_target& where, const error_code& why) const {
    if (why == errc::abandoned) return client_left();
    if (why == errc::cancelled) return http::problem_from(why);
    if (why == errc::overloaded) return busy("names that are looked up");
    const auto failure = net::failure_of(why);
    if (failure == net::connect_failure::shortage) return busy("open files");
    const bool is_late = failure == net::connect_failure::timeout;
    auto answer = is_late ? refuse(http::status::gateway_timeout, "The destination did not answer in time.")
                          : refuse(http::status::bad_gateway, "The destination cannot be reached.");
    answer.log_detail = where.to_string() + ": " + why.message();
    return count(is_late ? refusal::timeout : refusal::unreachable, std::move(answer));
}

/// While nobody can say which addresses are this machine's, none can be told to be another's.
http::problem open_tunnel::unguarded(const error_code& why) const {
    auto answer = busy("memory or open files");
    answer.log_detail = "the addresses of this machine cannot be listed: " + why.message();
    return answer;
}

http::problem open_tunnel::busy(std::string_view limit) const {
    return count(refusal::limit, limits::overload(rules_.retry_after, limit));
}

http::problem open_tunnel::count(refusal reason, http::problem answer) const {
    services_.metrics.tunnel_refused(reason);
    return answer;
}

http::response open_tunnel::opened(const http::connect_target& where, connected way,
                                   std::shared_ptr<void> place) const {
    auto made = std::make_shared<net::opened_tunnel>();
    made->destination = std::move(way.stream);
    made->name = where.to_string();
    if (!where.address) made->name += " (" + way.to.to_string() + ")";
    made->idle_timeout = rules_.idle_timeout;
    made->max_time = rules_.max_time;
    made->max_bytes = rules_.max_bytes;
    made->pipes = &services_.pipes;
    made->place = std::move(place);
    http::response answer;
    answer.body = http::tunnel_body{std::move(made)};
    return answer;
}

}  // namespace fairlead::handlers
