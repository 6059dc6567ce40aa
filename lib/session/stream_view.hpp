#pragma once

#include "http/message.hpp"
#include "net/byte_stream.hpp"

#include <optional>

namespace fairlead::session {

/// What handlers may know of a stream.
class stream_view final : public http::connection_view {
public:
    /// The stream stays open while requests of it are at work.
    explicit stream_view(const net::byte_stream& stream) noexcept : stream_(stream) {}

    bool has_left() const noexcept override { return stream_.has_left(); }
    http::local_end local() const noexcept override {
        if (!local_) local_ = stream_.local();
        return *local_;
    }

private:
    const net::byte_stream& stream_;
    mutable std::optional<http::local_end> local_;  // it never changes, and is a system call
};

}  // namespace fairlead::session
