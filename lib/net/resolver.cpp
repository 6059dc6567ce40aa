#include "net/resolver.hpp"

#include "base/event.hpp"

#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

ip_address address_of(const sockaddr& from, std::size_t size) {
    sockaddr_storage copy{};
    std::memcpy(&copy, &from, std::min(size, sizeof copy));
    return ip_address::from(copy);
}

std::size_t size_of(const sockaddr& one) noexcept {
    return one.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

void add_once(std::vector<ip_address>& to, const ip_address& one) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
}

error_code error_of(int failure) noexcept {
    switch (failure) {
        case EAI_AGAIN: return errno_code(EAGAIN);
        case EAI_MEMORY: return errno_code(ENOMEM);
        case EAI_SYSTEM: return last_error();
        default: return errno_code(ENOENT);
    }
}

}  // namespace

/// What is asked for. The one who asks may be gone when the answer comes.
struct resolver::question {
    std::string name;
    ip_address asker;
    clock::time_point deadline;
    event decided;
    std::mutex mutex;
    answer outcome = errc::timeout;
    bool is_answered = false;
};

struct resolver::shared_queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::shared_ptr<question>> waiting;
    std::vector<std::shared_ptr<question>> begun;  // one for each thread that looks up a name
    std::size_t most = 0;
    std::ptrdiff_t share = 0;  // threads that one asker may hold
    bool is_stopping = false;
    lookup how;

    template <class Questions>
    static std::ptrdiff_t count(const Questions& among, const ip_address& asker) {
        return std::count_if(among.begin(), among.end(),
                             [&](const auto& one) { return one->asker == asker; });
    }
    /// False: there is no place for it.
    bool add(const std::shared_ptr<question>& one) {
        const std::lock_guard guard(mutex);
        const auto free = static_cast<std::ptrdiff_t>(most - waiting.size());
        if (count(waiting, one->asker) >= free) return false;
        waiting.push_back(one);
        changed.notify_one();
        return true;
    }
    /// The next question of one who does not hold his share of the threads; nothing at the end.
    std::shared_ptr<question> next() {
        std::unique_lock guard(mutex);
        auto chosen = waiting.end();
        changed.wait(guard, [&] {
            chosen = std::find_if(waiting.begin(), waiting.end(),
                                  [&](const auto& one) { return count(begun, one->asker) < share; });
            return is_stopping || chosen != waiting.end();
        });
        if (is_stopping) return nullptr;
        begun.push_back(*chosen);
        auto one = std::move(*chosen);
        waiting.erase(chosen);
        return one;
    }
    void end(const std::shared_ptr<question>& one) {
        const std::lock_guard guard(mutex);
        std::erase(begun, one);
        changed.notify_one();
    }
    /// Gives the place of a question back that was not begun in time.
    void forget(const std::shared_ptr<question>& late) {
        const std::lock_guard guard(mutex);
        std::erase(waiting, late);
    }
    /// Memory may run out; an exception would leave the thread, and so end the program.
    answer look_up(const std::string& name) const noexcept {
        try {
            return how(name);
        } catch (...) {
            return errno_code(ENOMEM);
        }
    }
    void serve() {
        while (const auto one = next()) {
            const bool is_late = clock::now() >= one->deadline;  // nobody waits for it any more
            if (!is_late) {
                auto found = look_up(one->name);
                const std::lock_guard guard(one->mutex);
                one->outcome = std::move(found);
                one->is_answered = true;
            }
            end(one);
            if (!is_late) one->decided.set();
        }
    }
};

resolver::resolver(unsigned threads, unsigned queue, lookup how) : queue_(std::make_shared<shared_queue>()) {
    queue_->most = queue;
    queue_->share = std::max(1U, threads / 2);
    queue_->begun.reserve(threads);
    queue_->how = std::move(how);
    // Detached: joining would make the end of the program wait for a name server. They own what they touch.
    for (unsigned i = 0; i < threads; ++i) std::thread([mine = queue_] { mine->serve(); }).detach();
}

resolver::~resolver() {
    const std::lock_guard guard(queue_->mutex);
    queue_->is_stopping = true;
    queue_->waiting.clear();
    queue_->changed.notify_all();
}

task<resolver::answer> resolver::resolve(std::string name, ip_address asker, patience how_long) {
    const auto asked = std::make_shared<question>();
    asked->name = std::move(name);
    asked->asker = asker;
    asked->deadline = how_long.until;
    auto decided = asked->decided.wait();
    if (!queue_->add(asked)) co_return errc::overloaded;
    error_code why;
    {
        deadline limit(how_long.deadlines, asked->decided, how_long.client);
        limit.set(how_long.until);
        co_await std::move(decided);
        why = limit.error();
    }
    const std::lock_guard guard(asked->mutex);
    if (!asked->is_answered) {
        queue_->forget(asked);
        co_return why;
    }
    co_return std::move(asked->outcome);
}

resolver::answer resolver::ask_system(const std::string& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int failure = ::getaddrinfo(name.c_str(), nullptr, &hints, &found)) return error_of(failure);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    std::vector<ip_address> addresses;
    for (const auto* one = found; one && addresses.size() < most_addresses; one = one->ai_next)
        if (one->ai_addr) add_once(addresses, address_of(*one->ai_addr, one->ai_addrlen));
    if (addresses.empty()) return errno_code(ENOENT);
    return addresses;
}

std::vector<ip_address> in_turn(const std::vector<ip_address>& addresses) {
    std::vector<ip_address> first;
    std::vector<ip_address> second;
    for (const auto& one : addresses)
        (one.is_v4() == addresses.front().is_v4() ? first : second).push_back(one);
    std::vector<ip_address> mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed.push_back(first[i]);
        if (i < second.size()) mixed.push_back(second[i]);
    }
    return mixed;
}

result<std::vector<ip_address>> own_addresses() {
    ifaddrs* found = nullptr;
    if (::getifaddrs(&found) != 0) return last_error();
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(found, ::freeifaddrs);
    std::vector<ip_address> addresses;
    for (const auto* one = found; one; one = one->ifa_next) {
        const auto* const address = one->ifa_addr;
        if (address && (address->sa_family == AF_INET || address->sa_family == AF_INET6))
            add_once(addresses, address_of(*address, size_of(*address)));
    }
    return addresses;
}

}  // namespace fairlead::net
