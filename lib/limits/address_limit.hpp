#pragma once

#include "base/ip_address.hpp"
#include "limits/admission.hpp"

#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace fairlead::limits {

/// Counts the connections that each client has open (see address_key): from `most` on, further ones are shed
/// with an answer; from a quarter more on they are closed unread, so that those which are being shed take no
/// places that others need. Its memory is that of the addresses that are connected, which connection_limit
/// bounds.
class address_limit {
public:
    /// A connection that is counted, until it is destroyed.
    class place {
    public:
        place() = default;
        place(place&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), key_(other.key_), verdict_(other.verdict_) {}
        place& operator=(place&& other) noexcept {
            std::swap(owner_, other.owner_);
            std::swap(key_, other.key_);
            std::swap(verdict_, other.verdict_);
            return *this;
        }
        ~place() {
            if (owner_) owner_->leave(key_);
        }
        admission verdict() const noexcept { return verdict_; }

    private:
        friend class address_limit;
        place(address_limit* owner, const ip_address& key, admission verdict) noexcept
            : owner_(owner), key_(key), verdict_(verdict) {}
        address_limit* owner_ = nullptr;
        ip_address key_;
        admission verdict_ = admission::admitted;
    };

    /// `most` of 0 is no limit. Who is in `exempt` may have any number: a proxy has those of all its clients.
    explicit address_limit(unsigned most, ip_networks exempt = {});

    /// Counts a connection in; a refused one is not counted. Where nothing is limited, this costs nothing.
    /// Throws std::bad_alloc.
    place enter(const ip_address& address);

    /// Connections that an address has open now; 0 where they are not counted.
    unsigned count_of(const ip_address& address) const;

private:
    struct alignas(64) shard {
        mutable std::mutex mutex;
        std::unordered_map<ip_address, unsigned> counts;
    };

    void leave(const ip_address& key) noexcept;
    const shard& shard_of(const ip_address& key) const noexcept;
    shard& shard_of(const ip_address& key) noexcept {
        return const_cast<shard&>(std::as_const(*this).shard_of(key));
    }

    const unsigned most_;
    const unsigned hard_;
    const ip_networks exempt_;
    std::array<shard, 16> shards_;
};

}  // namespace fairlead::limits
