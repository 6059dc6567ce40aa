#pragma once

#include "base/background_pool.hpp"
#include "base/ip_address.hpp"
#include "base/single_flight.hpp"
#include "base/task.hpp"
#include "files/user_file.hpp"
#include "http/credentials.hpp"
#include "limits/login_throttle.hpp"
#include "limits/shared_queue.hpp"
#include "steps/verified_tokens.hpp"
#include "telemetry/log.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::steps {

/// What all files of users share: threads that hash, which give way to all others, and how many hashes may
/// wait for one of them. Throttles hold back who fails, so whoever has many addresses keeps the queue full
/// without failing; that he has not all of it is what the shares of networks are for.
class password_pool {
public:
    static constexpr std::size_t most_waiting = 64;

    /// Half as many threads as there are processors; none before `start`.
    void start();
    /// What waits is not begun any more: for the end of the program.
    void abandon() noexcept { is_abandoned_.store(true, std::memory_order_relaxed); }

private:
    friend class logins;
    limits::shared_queue waiting_{most_waiting};
    std::atomic<bool> is_abandoned_{false};
    background_pool threads_;  // the last: its threads use the others
};

/// Says whose credentials a request has, by one file of users. A password is compared with its hash on the
/// pool, and one of a user who does not exist with that of another user, and then found wrong, so that both
/// take the same time.
class logins {
public:
    using clock = std::chrono::steady_clock;

    /// `path` is that of the file. Throws as files::user_file does. The others outlive this.
    logins(std::string path, password_pool& pool, limits::login_throttle& throttle)
        : file_(std::move(path)), pool_(pool), throttle_(throttle) {}

    struct found {
        enum class kind {
            known,       ///< `user` is who asks
            unchecked,   ///< it takes a hash to know
            wrong,       ///< nobody's
            malformed,   ///< no credentials at all
            paused,      ///< not looked at: the address has to wait for `pause`
            overloaded,  ///< not found out: too many wait for a thread, in all or from this network, or there
                         ///< is no memory for the hash
        };
        kind what = kind::unchecked;
        std::shared_ptr<const std::string>
            user;  ///< of known; of wrong: whose password it is not, if he exists
        std::chrono::seconds pause{0};
    };

    /// What is known of a token without a hash. The same answer for the same `now`, unless the file changes.
    /// Where a password of the same user was left unanswered nothing is, so that in an overload the right one
    /// is answered like any other.
    found found_now(std::string_view token, const ip_address& from, clock::time_point now) const;

    /// Finds out whose the token is: on the pool. Who sends the same one from the same address meanwhile, as
    /// the connections of one browser do, shares that: it is one attempt, and one hash.
    task<found> check(std::string_view token, ip_address from);

    /// Looks whether the file has changed, and forgets who has changed in it. To be called about once a
    /// second, by one thread at a time; may block.
    void keep_house(telemetry::log& log);

    const files::user_file& file() const noexcept { return file_; }

private:
    task<found> check_alone(std::string_view token, ip_address from);
    found compare(const http::basic_credentials& given, std::string_view token,
                  limits::login_throttle::attempt& attempt);

    files::user_file file_;
    password_pool& pool_;
    limits::login_throttle& throttle_;
    verified_tokens verified_;
    single_flight<std::pair<verified_tokens::key, ip_address>, found> checks_;
    const keyed_hash stand_in_;  // which user's hash stands in for that of one who does not exist
};

}  // namespace fairlead::steps
