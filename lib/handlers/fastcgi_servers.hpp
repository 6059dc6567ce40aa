#pragma once

#include "handlers/fastcgi_server.hpp"
#include "http/problem.hpp"
#include "limits/work_limit.hpp"
#include "net/deadlines.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::handlers {

/// A connection that is in use. It is closed unless it is given back.
struct fastcgi_connection {
    limits::work_limit::permit place;  ///< among `fastcgi.connections`
    fastcgi_server* server = nullptr;
    std::unique_ptr<net::plain_stream> stream;
    bool is_fresh = false;                  ///< made for this request
    fastcgi_server::unanswered unanswered;  ///< when it is
};

struct fastcgi_servers_options {
    unsigned connections = 32;  ///< in use at once, to all servers together
    unsigned queue = 50;        ///< requests that may wait for one
    std::chrono::milliseconds queue_timeout{5'000};
    std::chrono::milliseconds connect_timeout{3'000};
    std::chrono::milliseconds retry_after{5'000};
};

/// The servers that answer for a part of a site. Each request goes to the next one in turn; one that cannot
/// be reached is left out for a while, and the others are tried in its place. When all of them are left out,
/// all are tried. Thread safe.
class fastcgi_servers {
public:
    using clock = fastcgi_server::clock;

    /// At least one server. All of them outlive it, and so do the others; `deadlines` is swept.
    fastcgi_servers(std::vector<std::shared_ptr<fastcgi_server>> servers,
                    const fastcgi_servers_options& options, net::deadline_list& deadlines,
                    telemetry::metrics& metrics, telemetry::log& log);

    /// A connection, or the refusal: 503 when all are in use and so is the queue, when the listen queue of a
    /// server is full, or when this process has no descriptor left; 504 when no server took a connection in
    /// time; 502 when none could be reached.
    using taken = std::variant<fastcgi_connection, http::problem>;

    /// What is wanted of a connection.
    enum class kind {
        any,        ///< the request may be sent again when it turns out to be closed
        sent_once,  ///< it may not: a kept connection is looked at first
        fresh,      ///< none that was kept
    };

    /// The refusal (503), when a place would be refused now: so nobody has to send a body first to get it.
    std::optional<http::problem> refuse_if_full();
    /// Without waiting: a kept connection of the only server; nothing (false) when there is none, or no
    /// place.
    bool take_kept(kind wanted, fastcgi_connection& out);
    /// A kept connection or a new one, after waiting for a place.
    task<taken> take(kind wanted);

    /// How many of the connections may carry bodies that have yet to come.
    limits::work_limit& streams() noexcept { return streams_; }
    /// How many of them may stay with answers that a client takes at its own pace
    /// (script_input::slow_share).
    limits::work_limit& paced_answers() noexcept { return paced_answers_; }

    std::size_t count() const noexcept { return servers_.size(); }
    /// To be told when a new connection to one of them was closed before a byte of an answer came: it is left
    /// out for a while, like one that cannot be reached.
    void was_lost(fastcgi_server& server) const;

    /// Gives back a connection on which nothing is under way. It is kept if anything ever came over it.
    void give_back(fastcgi_connection&& connection);

    /// Sends away who waited too long; for the sweeper.
    void expire(clock::time_point now) { places_.expire(now); }

private:
    /// What was met on the way to a connection.
    struct failures {
        std::string causes;
        bool is_full = false;  ///< a server, or this process, has no room for one more
        bool is_late = false;  ///< a server did not answer
    };
    task<taken> find_connection(limits::work_limit::permit place, kind wanted);
    task<result<std::unique_ptr<net::plain_stream>>> connect_to(fastcgi_server& server);
    std::vector<fastcgi_server*> in_turn();
    void note(failures& met, fastcgi_server& server, const error_code& error) const;
    http::problem all_in_use() const;
    http::problem nobody_there(const failures& met) const;

    const std::vector<std::shared_ptr<fastcgi_server>> servers_;
    const fastcgi_servers_options options_;
    net::deadline_list& deadlines_;
    telemetry::log& log_;
    limits::work_limit places_;
    limits::work_limit streams_;
    limits::work_limit paced_answers_;
    std::atomic<unsigned> next_{0};
};

}  // namespace fairlead::handlers
