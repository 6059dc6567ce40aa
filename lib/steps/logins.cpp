#include "steps/logins.hpp"

#include "base/blocking.hpp"
#include "base/password_hash.hpp"

#include <algorithm>
#include <thread>
#include <variant>

namespace fairlead::steps {

void password_pool::start() { threads_.grow_to(std::max(1U, std::thread::hardware_concurrency() / 2)); }

logins::found logins::found_now(std::string_view token, const ip_address& from, clock::time_point now) const {
    auto user = verified_.find(token, now);
    if (!user) return {};
    const auto standing = throttle_.standing_of(from, *user, now);
    if (standing.pause) return {found::kind::paused, {}, *standing.pause};
    if (standing.is_unanswered) return {};
    return {found::kind::known, std::move(user), {}};
}

task<logins::found> logins::check(std::string_view token, ip_address from) {
    auto answer = co_await checks_.share(std::pair(verified_.key_of(token), from),
                                         [&] { return check_alone(token, from); });
    co_return answer;
}

task<logins::found> logins::check_alone(std::string_view token, ip_address from) {
    http::basic_credentials given;
    if (!given.decode(token)) co_return found{found::kind::malformed, {}, {}};
    auto begun = throttle_.begin(from, given.user(), clock::now());
    if (const auto* pause = std::get_if<std::chrono::seconds>(&begun))
        co_return found{found::kind::paused, {}, *pause};
    auto place = pool_.waiting_.enter(from);
    if (!place) {
        std::get<limits::login_throttle::attempt>(begun).leave_unanswered(clock::now());
        co_return found{found::kind::overloaded, {}, {}};
    }
    auto answer = co_await run_blocking(pool_.threads_.work(), [&] {
        place = {};
        // Ended here, where the throttle is sure to be there still, and not with the frame.
        auto attempt = std::get<limits::login_throttle::attempt>(std::move(begun));
        if (pool_.is_abandoned_.load(std::memory_order_relaxed))
            return found{found::kind::overloaded, {}, {}};
        return compare(given, token, attempt);
    });
    co_return answer;
}

/// On a thread of the pool.
logins::found logins::compare(const http::basic_credentials& given, std::string_view token,
                              limits::login_throttle::attempt& attempt) {
    // Who came a moment later than others with the same token, or from elsewhere: they have found out.
    if (auto user = verified_.find(token, clock::now())) return {found::kind::known, std::move(user), {}};
    const auto generation = verified_.generation();
    const auto users = file_.users();
    const auto name = given.user();
    const auto* const user = users->find(name);
    // The same one for the same name, so that asking twice tells nothing: one who does not exist takes as
    // long as somebody who does.
    const auto number = stand_in_({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
    const auto* const compared = user ? user : users->any(number);
    const auto match =
        compared ? match_password(given.password().data(), compared->hash) : password_match::wrong;
    const auto now = clock::now();
    // Whoever is asked for: else it would tell who exists.
    if (match == password_match::unknown) {
        attempt.leave_unanswered(now);
        return {found::kind::overloaded, {}, {}};
    }
    auto who = user ? std::make_shared<const std::string>(user->name) : nullptr;
    if (match == password_match::wrong || !user) {
        (void)attempt.fail(now);
        return {found::kind::wrong, std::move(who), {}};
    }
    verified_.add(token, who, user->hash, now, generation);
    return {found::kind::known, std::move(who), {}};
}

void logins::keep_house(telemetry::log& log) {
    const auto news = file_.look();
    if (!news.fault.empty()) log.error("{}", news.fault);
    if (!news.has_new_users) return;
    const auto users = file_.users();
    verified_.keep_only([&](const std::string& name, const std::string& hash) {
        const auto* const user = users->find(name);
        return user && user->hash == hash;
    });
    log.info("{} users read from {}", users->size(), file_.path());
}

}  // namespace fairlead::steps
