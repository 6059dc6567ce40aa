#include "limits/login_throttle.hpp"

#include "limits/address_key.hpp"

#include <algorithm>

namespace fairlead::limits {

std::uint64_t login_throttle::mark_of(std::string_view user) const noexcept {
    return hash_({reinterpret_cast<const std::uint8_t*>(user.data()), user.size()}) | 1;
}

login_throttle::record& login_throttle::find_or_add(const ip_address& from, clock::time_point now) {
    if (const auto known = by_address_.find(from); known != by_address_.end()) {
        auto& found = *known->second;
        if (found.under_way == 0 && now - found.last_failure > bounds_.remembered) {
            found = {};
            found.from = from;
        }
        return found;
    }
    if (by_age_.size() >= bounds_.addresses) make_room();
    records added;  // so that nothing is half there when memory runs out on the way
    added.push_front({});
    added.front().from = from;
    by_address_.emplace(from, added.begin());
    by_age_.splice(by_age_.begin(), added);
    size_.store(by_age_.size(), std::memory_order_relaxed);
    return by_age_.front();
}

/// Where all of them are being tried there is one more.
void login_throttle::make_room() {
    const auto last =
        std::find_if(by_age_.rbegin(), by_age_.rend(), [](const record& one) { return one.under_way == 0; });
    if (last != by_age_.rend()) forget(std::prev(last.base()));
}

void login_throttle::forget(records::iterator which) {
    by_address_.erase(which->from);
    by_age_.erase(which);
    size_.store(by_age_.size(), std::memory_order_relaxed);
}

std::variant<login_throttle::attempt, std::chrono::seconds> login_throttle::begin(const ip_address& address,
                                                                                  std::string_view user,
                                                                                  clock::time_point now) {
    const auto from = address_key(address);
    const std::lock_guard guard(mutex_);
    auto& known = find_or_add(from, now);
    const auto mark = mark_of(user);
    if (const auto pause = wait_at(known, now); pause.count() > 0) {
        // Refused, it counts for nothing, and so the right password must not look otherwise (standing_of).
        known.tried.add(mark);
        return pause;
    }
    ++known.under_way;
    return attempt(*this, from, mark);
}

/// How long nothing may begin there; 0 when it may.
std::chrono::seconds login_throttle::wait_at(const record& known, clock::time_point now) const noexcept {
    if (now < known.pause_end) return std::chrono::ceil<std::chrono::seconds>(known.pause_end - now);
    const auto left = known.failures < bounds_.free_failures ? bounds_.free_failures - known.failures : 1;
    return known.under_way >= left ? bounds_.first_pause : std::chrono::seconds{0};
}

std::chrono::seconds login_throttle::end(const attempt& which, std::optional<clock::time_point> failed) {
    const std::lock_guard guard(mutex_);
    const auto place = by_address_.find(which.from_)->second;  // not forgotten while it is under way
    auto& known = *place;
    --known.under_way;
    if (!failed) {
        if (known.under_way == 0 && known.failures == 0 && known.unanswered.empty()) forget(place);
        return std::chrono::seconds{0};
    }
    ++known.failures;
    known.last_failure = *failed;
    known.tried.add(which.user_);
    by_age_.splice(by_age_.begin(), by_age_, place);
    if (known.failures < bounds_.free_failures) return std::chrono::seconds{0};
    auto pause = bounds_.first_pause;
    for (auto more = known.failures - bounds_.free_failures; more > 0 && pause < bounds_.longest_pause;
         --more)
        pause *= 2;
    pause = std::min(pause, bounds_.longest_pause);
    known.pause_end = *failed + pause;
    return pause;
}

void login_throttle::end_unanswered(const attempt& which, clock::time_point now) {
    const std::lock_guard guard(mutex_);
    const auto place = by_address_.find(which.from_)->second;
    --place->under_way;
    place->last_failure = now;
    place->unanswered.add(which.user_);
    by_age_.splice(by_age_.begin(), by_age_, place);
}

login_throttle::standing login_throttle::standing_of(const ip_address& address, std::string_view user,
                                                     clock::time_point now) const {
    if (size() == 0) return {};
    const std::lock_guard guard(mutex_);
    const auto known = by_address_.find(address_key(address));
    if (known == by_address_.end()) return {};
    const auto& found = *known->second;
    const auto pause = wait_at(found, now);
    const bool is_fresh = !found.unanswered.empty() && now - found.last_failure <= bounds_.remembered;
    if (pause.count() == 0 && !is_fresh) return {};
    const auto mark = mark_of(user);
    standing made;
    if (pause.count() > 0 && found.tried.contains(mark)) made.pause = pause;
    made.is_unanswered = is_fresh && found.unanswered.contains(mark);
    return made;
}

}  // namespace fairlead::limits
