#include "steps/verified_tokens.hpp"

#include <span>

namespace fairlead::steps {

verified_tokens::key verified_tokens::key_of(std::string_view token) const noexcept {
    return hash_.wide({reinterpret_cast<const std::uint8_t*>(token.data()), token.size()});
}

std::shared_ptr<const std::string> verified_tokens::find(std::string_view token,
                                                         clock::time_point now) const {
    const auto which = key_of(token);
    const auto& part = shards_[shard_of(which)];
    const std::lock_guard guard(part.mutex);
    const auto known = part.by_key.find(which);
    if (known == part.by_key.end() || now - known->second->begin >= bounds_.kept) return nullptr;
    return known->second->user;
}

void verified_tokens::add(std::string_view token, std::shared_ptr<const std::string> user,
                          const std::string& hash, clock::time_point now, std::uint64_t generation) {
    const auto which = key_of(token);
    auto& part = shards_[shard_of(which)];
    const std::lock_guard guard(part.mutex);
    // Read under the lock: a `keep_only` that this misses has yet to take it.
    if (generation_.load(std::memory_order_acquire) != generation) return;
    if (const auto old = part.by_key.find(which); old != part.by_key.end()) erase(part, old->second);
    if (part.by_age.size() >= bounds_.entries / shard_count && !part.by_age.empty())
        erase(part, part.by_age.begin());
    part.by_age.push_back({which, std::move(user), hash, now});
    part.by_key.emplace(which, std::prev(part.by_age.end()));
}

void verified_tokens::erase(shard& from, std::list<entry>::iterator which) {
    from.by_key.erase(which->key);
    from.by_age.erase(which);
}

void verified_tokens::keep_only(
    const std::function<bool(const std::string& user, const std::string& hash)>& is_valid) {
    generation_.fetch_add(1, std::memory_order_acq_rel);
    for (auto& part : shards_) {
        const std::lock_guard guard(part.mutex);
        for (auto next = part.by_age.begin(); next != part.by_age.end();) {
            const auto one = next++;
            if (!is_valid(*one->user, one->hash)) erase(part, one);
        }
    }
}

}  // namespace fairlead::steps
