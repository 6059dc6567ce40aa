#pragma once

#include "net/byte_stream.hpp"

#include <algorithm>
#include <deque>
#include <string>

namespace fairlead::test {

/// A byte_stream of scripted reads. Each piece arrives alone: after it a read says "not now" until somebody waits.
/// After the last piece comes the end of the stream, or, with `expire_at_end`, the time-out that the sweeper would cause.
class memory_stream final : public net::byte_stream {
public:
    std::deque<std::string> incoming;
    std::string outgoing;
    std::size_t write_limit = SIZE_MAX;   ///< bytes taken per write; then one "not now"
    std::size_t fail_after = SIZE_MAX;    ///< calls after which every call fails with ECONNRESET
    std::function<void()> at_end;         ///< called when a read finds the script used up
    bool is_closed = false;
    bool is_shut = false;

    result<std::size_t> read_now(std::span<char> buffer) override {
        if (failed()) return errno_code(ECONNRESET);
        if (needs_wait_) return errno_code(EAGAIN);
        if (incoming.empty()) {
            if (at_end) at_end();
            return std::size_t{0};
        }
        auto& piece = incoming.front();
        const auto n = std::min(buffer.size(), piece.size());
        std::copy_n(piece.begin(), n, buffer.begin());
        piece.erase(0, n);
        if (piece.empty()) {
            incoming.pop_front();
            needs_wait_ = true;
        }
        return n;
    }

    result<std::size_t> write_now(std::span<const iovec> pieces) override {
        if (failed()) return errno_code(ECONNRESET);
        if (write_blocked_) return errno_code(EAGAIN);
        std::size_t total = 0;
        for (const auto& piece : pieces) {
            const auto n = std::min(piece.iov_len, write_limit - total);
            outgoing.append(static_cast<const char*>(piece.iov_base), n);
            total += n;
        }
        write_blocked_ = write_limit != SIZE_MAX;
        return total;
    }

    result<std::size_t> send_file_now(int fd, std::uint64_t offset, std::size_t count) override {
        if (failed()) return errno_code(ECONNRESET);
        if (write_blocked_) return errno_code(EAGAIN);
        std::string piece(std::min(count, write_limit), '\0');
        const auto n = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
        if (n < 0) return last_error();
        outgoing.append(piece, 0, static_cast<std::size_t>(n));
        write_blocked_ = write_limit != SIZE_MAX;
        return static_cast<std::size_t>(n);
    }

    task<error_code> wait(net::readiness direction) override {
        if (direction == net::readiness::readable) needs_wait_ = false;
        else write_blocked_ = false;
        co_return error_code{};
    }

    void shutdown_send() noexcept override { is_shut = true; }
    void abort(abort_kind) noexcept override {}
    void close() noexcept override { is_closed = true; }

private:
    bool failed() noexcept {
        if (fail_after == 0) return true;
        --fail_after;
        return false;
    }

    bool needs_wait_ = false;
    bool write_blocked_ = false;
};

}  // namespace fairlead::test
