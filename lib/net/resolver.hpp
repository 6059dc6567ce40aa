#pragma once

#include "base/error.hpp"
#include "base/ip_address.hpp"
#include "base/task.hpp"
#include "net/deadlines.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::net {

/// Names to addresses, on threads of its own: getaddrinfo() blocks for as long as a name server likes, and
/// nothing interrupts it. What waits there is bounded by the threads and the queue, and who asks waits no
/// longer than to a deadline. Whoever asks for names that nobody answers for holds half of the threads at
/// most, and no more places of the queue than he leaves free. Nothing is remembered, so that what was checked
/// is what is connected to.
class resolver {
public:
    using clock = std::chrono::steady_clock;
    /// What a lookup may return.
    using answer = result<std::vector<ip_address>>;
    /// Looks up one name; may block. The default asks the system (getaddrinfo).
    using lookup = std::function<answer(const std::string& name)>;

    /// Addresses of one name that are looked at; a name server may send any number.
    static constexpr std::size_t most_addresses = 16;

    explicit resolver(unsigned threads, unsigned queue, lookup how = ask_system);
    /// Does not wait for lookups that block: their threads end when they return.
    ~resolver();
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;

    /// The addresses of `name`, asked for by `asker`, in the order in which they are to be tried, each once,
    /// at most `most_addresses`. Errors: errc::timeout, abandoned (the client has left), cancelled (the
    /// server stops), overloaded (the queue is full), ENOENT (no such name, or it has no address), EAGAIN
    /// (the name servers do not answer), ENOMEM (also where the lookup throws).
    task<answer> resolve(std::string name, ip_address asker, patience how_long);

    static answer ask_system(const std::string& name);

private:
    struct question;
    struct shared_queue;
    std::shared_ptr<shared_queue> queue_;
};

/// The order of RFC 8305 section 4: as given, but IPv6 and IPv4 in turn, so that a family without a way out
/// costs one attempt at a time.
std::vector<ip_address> in_turn(const std::vector<ip_address>& addresses);

/// The addresses of this machine's interfaces. May take a moment. Errors: what getifaddrs() fails with, which
/// is mostly that memory or descriptors are short; whoever guards these addresses must not go on then.
result<std::vector<ip_address>> own_addresses();

}  // namespace fairlead::net
