#pragma once

#include "http/message.hpp"
#include "net/byte_stream.hpp"

#include <optional>
#include <string>

namespace fairlead::session {

/// What handlers may know of a stream.
class stream_view final : public http::connection_view {
public:
    /// The stream stays open while requests of it are at work, and what was read behind them as it is.
    stream_view(const net::byte_stream& stream, const std::string& behind) noexcept
        : stream_(stream), behind_(behind) {}

    bool has_left() const noexcept override { return stream_.has_left(); }
    bool has_said_all() const noexcept override { return behind_.empty() && stream_.has_ended(); }
    http::local_end local() const noexcept override {
        if (!local_) local_ = stream_.local();
        return *local_;
    }

private:
    const net::byte_stream& stream_;
    const std::string& behind_;
    mutable std::optional<http::local_end> local_;  // it never changes, and is a system call
};

}  // namespace fairlead::session
