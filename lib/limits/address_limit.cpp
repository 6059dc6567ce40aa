#include "limits/address_limit.hpp"

#include "limits/address_key.hpp"

#include <algorithm>

namespace fairlead::limits {

address_limit::address_limit(unsigned most, ip_networks exempt)
    : most_(most), hard_(most + std::max(1U, most / 4)), exempt_(std::move(exempt)) {}

const address_limit::shard& address_limit::shard_of(const ip_address& key) const noexcept {
    // The low bits choose the place within the table of a shard.
    return shards_[(std::hash<ip_address>()(key) >> 32) % shards_.size()];
}

address_limit::place address_limit::enter(const ip_address& address) {
    if (most_ == 0 || exempt_.contains(address)) return {};
    const auto key = address_key(address);
    auto& mine = shard_of(key);
    const std::lock_guard lock(mine.mutex);
    const auto found = mine.counts.find(key);
    const unsigned before = found == mine.counts.end() ? 0 : found->second;
    if (before >= hard_) return {nullptr, key, admission::refused};
    if (before == 0)
        mine.counts.emplace(key, 1);
    else
        ++found->second;
    return {this, key, before >= most_ ? admission::shed : admission::admitted};
}

void address_limit::leave(const ip_address& key) noexcept {
    auto& mine = shard_of(key);
    const std::lock_guard lock(mine.mutex);
    const auto found = mine.counts.find(key);
    if (--found->second == 0) mine.counts.erase(found);
}

unsigned address_limit::count_of(const ip_address& address) const {
    const auto key = address_key(address);
    const auto& mine = shard_of(key);
    const std::lock_guard lock(mine.mutex);
    const auto found = mine.counts.find(key);
    return found == mine.counts.end() ? 0 : found->second;
}

}  // namespace fairlead::limits
