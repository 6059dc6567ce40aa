#pragma once

#include "base/ip_address.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace fairlead::limits {

/// What is mostly in one hand, though it has many addresses: the /24 of an IPv4 address, or the /48 of an
/// IPv6 address, which has 65,536 networks of the size that one customer is given at least (`address_key`).
inline ip_address wide_key(const ip_address& address) noexcept {
    return ip_network(address, address.is_v4() ? 24 : 48).first();
}

/// Places in a queue, of which a network never has more than are free. So one network alone gets half of
/// them, two get a third each, and however many there are, there is a place for one who comes from another,
/// until there are as many networks as places. Thread safe.
class shared_queue {
public:
    explicit shared_queue(std::size_t most) noexcept : most_(most) {}

    /// A place; gives itself back.
    class place {
    public:
        place() noexcept = default;
        place(place&& other) noexcept : of_(std::exchange(other.of_, nullptr)), network_(other.network_) {}
        place& operator=(place&& other) noexcept {
            std::swap(of_, other.of_);
            std::swap(network_, other.network_);
            return *this;
        }
        ~place() {
            if (of_) of_->leave(network_);
        }
        explicit operator bool() const noexcept { return of_ != nullptr; }

    private:
        friend class shared_queue;
        place(shared_queue& of, const ip_address& network) noexcept : of_(&of), network_(network) {}
        shared_queue* of_ = nullptr;
        ip_address network_;
    };

    /// A place for who comes from there, or none (false). The queue outlives it.
    place enter(const ip_address& from) {
        const auto network = wide_key(from);
        const std::lock_guard guard(mutex_);
        const auto mine = find(network);
        const auto has = mine == taken_.end() ? 0 : mine->places;
        if (has >= most_ - all_) return {};
        if (mine == taken_.end())
            taken_.push_back({network, 1});
        else
            ++mine->places;
        ++all_;
        return {*this, network};
    }

private:
    struct share {
        ip_address network;
        std::size_t places;
    };
    std::vector<share>::iterator find(const ip_address& network) noexcept {
        return std::find_if(taken_.begin(), taken_.end(),
                            [&](const share& one) { return one.network == network; });
    }
    void leave(const ip_address& network) noexcept {
        const std::lock_guard guard(mutex_);
        const auto mine = find(network);
        if (--mine->places == 0) taken_.erase(mine);
        --all_;
    }

    const std::size_t most_;
    std::mutex mutex_;
    std::size_t all_ = 0;
    std::vector<share> taken_;  // as many as there are networks, and so places, at most
};

}  // namespace fairlead::limits
