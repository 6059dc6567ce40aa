#pragma once

#include "http/message.hpp"
#include "net/byte_stream.hpp"

namespace fairlead::session {

/// What handlers may know of a stream.
class stream_view final : public http::connection_view {
public:
    /// The stream stays open while requests of it are at work.
    explicit stream_view(const net::byte_stream& stream) noexcept : stream_(stream) {}

    bool has_left() const noexcept override { return stream_.has_left(); }
    http::local_end local() const noexcept override { return stream_.local(); }

private:
    const net::byte_stream& stream_;
};

}  // namespace fairlead::session
