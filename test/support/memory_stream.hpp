#pragma once

#include "net/byte_stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::test {

/// A byte_stream of scripted reads. Each piece arrives alone: after it a read says "not now" until somebody
/// waits. After the last piece comes the end of the stream; before that, a wait calls `while_waiting` once.
class memory_stream final : public net::byte_stream {
public:
    std::deque<std::string> incoming;
    std::string outgoing;
    std::size_t write_limit = SIZE_MAX;   ///< bytes taken per write; then one "not now"
    std::size_t stall_after = SIZE_MAX;   ///< bytes of output after which the peer takes no more
    std::size_t fail_after = SIZE_MAX;    ///< operations after which every one fails with ECONNRESET
    std::size_t operations = 0;           ///< operations so far
    std::function<void()> while_waiting;  ///< called once by a wait for bytes that do not come
    std::function<void()> while_stalled;  ///< called once by a wait for a peer that takes nothing
    std::function<void()> before_file;    ///< called before each piece of a file
    bool paces = false;                   ///< what `is_paced()` says
    bool is_shut = false;
    bool is_closed = false;
    bool is_reset = false;                                   ///< closing is to look like a failure
    std::vector<bool> more_followed;                         ///< what each write said of the next one
    std::vector<std::pair<std::size_t, bool>> fill_changes;  ///< bytes of output so far, and `on`
    std::size_t waits_for_room = 0;

    memory_stream() = default;
    /// The whole of `bytes` as one piece.
    explicit memory_stream(std::string_view bytes) {
        if (!bytes.empty()) incoming.emplace_back(bytes);
    }

    result<std::size_t> read_now(std::span<char> buffer) override {
        if (has_failed()) return errno_code(ECONNRESET);
        if (is_reading_aborted_) return std::size_t{0};
        if (needs_wait_) return errno_code(EAGAIN);
        if (incoming.empty()) {
            if (while_waiting) return errno_code(EAGAIN);
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

    using byte_stream::write_now;
    result<std::size_t> write_now(std::span<const iovec> pieces, bool more_follows) override {
        more_followed.push_back(more_follows);
        if (has_failed()) return errno_code(ECONNRESET);
        if (is_writing_aborted_) return errno_code(EPIPE);
        const auto room = room_to_write();
        if (room == 0) return errno_code(EAGAIN);
        std::size_t total = 0;
        for (const auto& piece : pieces) {
            const auto n = std::min(piece.iov_len, room - total);
            outgoing.append(static_cast<const char*>(piece.iov_base), n);
            total += n;
        }
        is_write_blocked_ = write_limit != SIZE_MAX;
        return total;
    }

    result<std::size_t> send_file_now(int fd, std::uint64_t offset, std::size_t count) override {
        if (before_file) before_file();
        if (has_failed()) return errno_code(ECONNRESET);
        if (is_writing_aborted_) return errno_code(EPIPE);
        const auto room = room_to_write();
        if (room == 0) return errno_code(EAGAIN);
        std::string piece(std::min(count, room), '\0');
        const auto n = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
        if (n < 0) return last_error();
        outgoing.append(piece, 0, static_cast<std::size_t>(n));
        is_write_blocked_ = write_limit != SIZE_MAX;
        return static_cast<std::size_t>(n);
    }

    task<error_code> wait(net::readiness direction) override {
        if (has_failed()) co_return errno_code(ECONNRESET);
        if (direction == net::readiness::readable) {
            if (incoming.empty()) call_once(while_waiting);
            needs_wait_ = false;
        } else {
            ++waits_for_room;
            if (outgoing.size() >= stall_after) call_once(while_stalled);
            is_write_blocked_ = false;
        }
        co_return error_code{};
    }

    bool is_paced() const noexcept override { return paces; }
    bool is_read_out() const noexcept override { return incoming.empty(); }
    void fill_segments(bool on) noexcept override { fill_changes.emplace_back(outgoing.size(), on); }
    void shutdown_send() noexcept override { is_shut = true; }
    void abort(abort_kind what) noexcept override {
        is_reading_aborted_ = true;
        is_writing_aborted_ = is_writing_aborted_ || what != abort_reading;
        is_reset = is_reset || what == abort_by_reset;
    }
    void reset_on_close() noexcept override { is_reset = true; }
    void close() noexcept override { is_closed = true; }

    bool is_reading_aborted() const noexcept { return is_reading_aborted_; }
    bool is_writing_aborted() const noexcept { return is_writing_aborted_; }

private:
    bool has_failed() noexcept { return operations++ >= fail_after; }

    std::size_t room_to_write() const noexcept {
        if (is_write_blocked_ || outgoing.size() >= stall_after) return 0;
        return std::min(write_limit, stall_after - outgoing.size());
    }

    static void call_once(std::function<void()>& action) {
        if (const auto taken = std::exchange(action, nullptr)) taken();
    }

    bool needs_wait_ = false;
    bool is_write_blocked_ = false;
    bool is_reading_aborted_ = false;
    bool is_writing_aborted_ = false;
};

}  // namespace fairlead::test
