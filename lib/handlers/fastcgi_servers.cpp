#include "handlers/fastcgi_servers.hpp"

#include "handlers/refusals.hpp"
#include "handlers/script_input.hpp"
#include "limits/overload.hpp"
#include "net/connector.hpp"

#include <algorithm>

namespace fairlead::handlers {

fastcgi_servers::fastcgi_servers(std::vector<std::shared_ptr<fastcgi_server>> servers,
                                 const fastcgi_servers_options& options, net::deadline_list& deadlines,
                                 telemetry::metrics& metrics, telemetry::log& log)
    : servers_(std::move(servers)),
      options_(options),
      deadlines_(deadlines),
      log_(log),
      places_(options.connections, options.queue, options.queue_timeout, metrics),
      streams_(script_input::slow_share(options.connections), 0, {}, metrics),
      paced_answers_(script_input::slow_share(options.connections), 0, {}, metrics) {}

/// All servers, from the next one in turn on; those that are left out come last.
std::vector<fastcgi_server*> fastcgi_servers::in_turn() {
    std::vector<fastcgi_server*> order;
    order.reserve(servers_.size());
    const auto first = servers_.size() == 1 ? 0 : next_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < servers_.size(); ++i)
        order.push_back(servers_[(first + i) % servers_.size()].get());
    const auto now = clock::now();
    std::stable_partition(order.begin(), order.end(),
                          [&](const auto* one) { return !one->is_left_out(now); });
    return order;
}

bool fastcgi_servers::take_kept(kind wanted, fastcgi_connection& out) {
    // With several servers it is the turn of one, which may have none.
    if (wanted == kind::fresh || servers_.size() > 1) return false;
    auto place = places_.try_acquire();
    if (!place) return false;
    auto* const server = servers_.front().get();
    auto stream = server->take_kept(wanted == kind::sent_once, clock::now());
    if (!stream) return false;
    out = {std::move(*place), server, std::move(stream), false, {}};
    return true;
}

http::problem fastcgi_servers::all_in_use() const {
    log_.warn("fastcgi {}: {} connections are in use, and the queue is full or too slow: 503",
              servers_.front()->name(), options_.connections);
    return limits::overload(options_.retry_after, "requests to the application");
}

std::optional<http::problem> fastcgi_servers::refuse_if_full() {
    if (!places_.has_to_refuse()) return std::nullopt;
    auto refusal = all_in_use();
    refusal.close = true;  // or it would wait for the body
    return refusal;
}

task<fastcgi_servers::taken> fastcgi_servers::take(kind wanted) {
    auto place = co_await places_.acquire();
    if (!place) co_return all_in_use();
    auto made = co_await find_connection(std::move(*place), wanted);
    co_return made;
}

task<result<std::unique_ptr<net::plain_stream>>> fastcgi_servers::connect_to(fastcgi_server& server) {
    result<std::unique_ptr<net::plain_stream>> made = errno_code(EHOSTUNREACH);
    const net::patience how_long{deadlines_, clock::now() + options_.connect_timeout};
    for (const auto& where : server.addresses()) {
        made = co_await net::connect(where, how_long);
        if (made) co_return made;
    }
    co_return made;
}

task<fastcgi_servers::taken> fastcgi_servers::find_connection(limits::work_limit::permit place, kind wanted) {
    failures met;
    for (auto* server : in_turn()) {
        if (wanted != kind::fresh)
            if (auto kept = server->take_kept(wanted == kind::sent_once, clock::now()))
                co_return fastcgi_connection{std::move(place), server, std::move(kept), false, {}};
        auto stream = co_await connect_to(*server);
        if (stream) {
            server->was_reached();
            co_return fastcgi_connection{std::move(place), server, std::move(*stream), true,
                                         fastcgi_server::unanswered(*server)};
        }
        if (stream.error() == errc::cancelled) co_return http::problem_from(stream.error());  // we stop
        note(met, *server, stream.error());
    }
    co_return nobody_there(met);
}

void fastcgi_servers::note(failures& met, fastcgi_server& server, const error_code& error) const {
    const auto why = net::failure_of(error);
    met.causes.append(met.causes.empty() ? "" : ", ").append(server.name()).append(": ");
    if (why == net::connect_failure::busy) {
        // It is there, and may have room in a moment.
        met.is_full = true;
        met.causes += "its listen queue is full";
        return;
    }
    met.causes += error.message();
    if (why == net::connect_failure::shortage) {
        met.is_full = true;
        return;
    }
    met.is_late = met.is_late || why == net::connect_failure::timeout;
    const auto pause = server.was_not_reached(clock::now());
    log_.warn("fastcgi {} cannot be reached: {}; it is left out for {} s", server.name(), error.message(),
              pause.count());
}

void fastcgi_servers::was_lost(fastcgi_server& server) const {
    const auto pause = server.was_not_reached(clock::now());
    log_.warn("fastcgi {} has closed a new connection without an answer; it is left out for {} s",
              server.name(), pause.count());
}

http::problem fastcgi_servers::nobody_there(const failures& met) const {
    if (met.is_full) {
        log_.warn("fastcgi: no connection ({}): 503", met.causes);
        return limits::overload(options_.retry_after, "requests to the application");
    }
    auto refusal = met.is_late
                       ? refuse(http::status::gateway_timeout, "The application did not answer in time.")
                       : refuse(http::status::bad_gateway, "The application cannot be reached.");
    refusal.log_detail = "fastcgi: no connection (" + met.causes + ")";
    return refusal;
}

void fastcgi_servers::give_back(fastcgi_connection&& connection) {
    auto given = std::move(connection);
    if (given.unanswered.is_pending()) return;  // nobody may have accepted it yet
    given.server->keep(std::move(given.stream), options_.connections, clock::now());
}

}  // namespace fairlead::handlers
