#pragma once

#include "latencies.hpp"
#include "varied_digits.hpp"

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fairlead::bench {

/// What to send, over how many connections, and what has to come back.
struct plan {
    sockaddr_in server{};
    std::optional<sockaddr_in> source;  ///< the client's address, in place of one that the kernel chooses
    std::string request;                ///< the bytes of one request
    varied_digits varied;               ///< which of them differ from one to the next
    std::string block;                  ///< what a body of `body_bytes` repeats
    std::uint64_t body_bytes = 0;       ///< sent behind `request`, which then is a head; without pipelining
    unsigned connections = 1;           ///< open at the same time
    std::uint64_t requests = 1;         ///< to be answered over all connections
    unsigned pipeline = 1;              ///< requests in one write, before their answers are awaited
    bool one_per_connection = false;   ///< a new connection for each request; the server is expected to close
    bool hold = false;                 ///< one request on each connection, which then stays open
    std::set<unsigned> statuses{200};  ///< what an answer may have
    std::int64_t length = -1;          ///< what a 2xx answer's body must have, in bytes; -1 is anything
    double rate = 0;                   ///< requests per second over all connections; 0 is as fast as it goes
    std::chrono::milliseconds stop_after{0};  ///< from then on no request is issued; 0 is never
    std::chrono::seconds limit{60};           ///< after which the run is given up
};

/// What came of it.
struct report {
    std::uint64_t answers = 0;                    ///< whole answers, whatever they said
    std::uint64_t bytes = 0;                      ///< received, heads included
    std::map<unsigned, std::uint64_t> by_status;  ///< whole answers of each status
    std::uint64_t retry_after = 0;                ///< answers 503 that carry Retry-After
    std::uint64_t unexpected = 0;  ///< answers with a status or a length that the plan does not allow
    std::uint64_t cut = 0;  ///< connections that ended within an answer, or with none although one was due
    std::uint64_t unconnected = 0;  ///< connections that could not be made
    std::uint64_t reopened = 0;     ///< connections that the server ended where it may
    bool timed_out = false;
    std::chrono::nanoseconds duration{};
    latencies times;

    bool is_good() const { return unexpected == 0 && cut == 0 && unconnected == 0 && !timed_out; }
};

/// Carries the plan out with one thread. With `plan::hold`, `held` gets the open sockets, which the caller
/// closes; the server has closed those that it refused.
report run(const plan& plan, std::vector<int>& held);

}  // namespace fairlead::bench
