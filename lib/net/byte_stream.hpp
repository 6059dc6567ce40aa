#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "http/message.hpp"

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead::net {

class plain_stream;

enum class readiness { readable, writable };

/// A connected byte stream as sessions see it: calls that never block, and one that waits. `EAGAIN`
/// (operation would block) means: await `wait()` and call again.
class byte_stream {
public:
    virtual ~byte_stream() = default;

    /// Bytes read into the front of `buffer`; 0 at the end of the stream.
    virtual result<std::size_t> read_now(std::span<char> buffer) = 0;
    /// Bytes taken from the front of `pieces`; may be fewer than offered. `more_follows`: a further write or
    /// file comes at once, and the last segment may wait for it.
    virtual result<std::size_t> write_now(std::span<const iovec> pieces, bool more_follows) = 0;
    result<std::size_t> write_now(std::span<const iovec> pieces) { return write_now(pieces, false); }
    /// Bytes sent of `count` from `offset` of the file `fd`; 0 when the file ends there.
    virtual result<std::size_t> send_file_now(int fd, std::uint64_t offset, std::size_t count) = 0;
    /// Bytes sent of the front of `bytes`, which nobody changes any more, not even after they were sent: they
    /// may be unmapped, but not be used for anything else.
    virtual result<std::size_t> send_pages_now(std::string_view bytes);
    /// Returns when a call may succeed, or has failed for good (the call itself says which).
    virtual task<error_code> wait(readiness direction) = 0;

    /// Makes the stream ready for two coroutines that wait at the same time, one for each direction; to be
    /// called before the first of them waits.
    virtual error_code prepare_to_share() { return {}; }

    /// What can be waited for together with others; nullptr: it cannot.
    virtual plain_stream* as_plain() noexcept { return nullptr; }

    /// True when bytes can go through a pipe, where they are not copied.
    virtual bool can_splice() const noexcept { return false; }
    /// Bytes that went into the pipe, which is empty; 0 at the end of the stream.
    virtual result<std::size_t> fill_pipe_now(int pipe, std::size_t most);
    /// Bytes taken from the front of the pipe, of the `count` that are in it.
    virtual result<std::size_t> send_pipe_now(int pipe, std::size_t count);

    /// True when the kernel sends by timers, one for each segment or so.
    virtual bool is_paced() const noexcept { return false; }
    /// While `on`, only full segments leave: for bodies that are many times as long as one. Off sends the
    /// rest.
    virtual void fill_segments(bool on) noexcept { (void)on; }

    /// True when the last read is known to have taken everything that had come.
    virtual bool is_read_out() const noexcept { return false; }
    /// Says that a message is half read: the next wait for `readable` returns at once, so that one more read
    /// is made. A reset, or an abort, that came together with the bytes of the last read may have no sign of
    /// its own.
    virtual void expect_more() noexcept {}

    /// True when the peer takes nothing any more and sends nothing: the stream was reset, or has ended in
    /// both directions. From any thread, as long as the stream is not closed.
    virtual bool has_left() const noexcept { return false; }
    /// True when the peer has ended its direction and nothing is left to read. From any thread, as above.
    virtual bool has_ended() const noexcept { return false; }
    /// Our end; "::" and 0 where there are no addresses.
    virtual http::local_end local() const noexcept { return {}; }

    /// Ends our direction (FIN); the peer's stays open.
    virtual void shutdown_send() noexcept = 0;
    /// Makes reads return 0 (`abort_reading`), or writes fail as well (`abort_both`), or both fail and the
    /// peer see a reset (`abort_by_reset`). The one call that another thread may make, as long as the stream
    /// is not closed: it wakes whoever waits.
    enum abort_kind { abort_reading, abort_both, abort_by_reset };
    virtual void abort(abort_kind what) noexcept = 0;
    /// Makes `close()` a reset, for a peer that would take the end of the stream for the end of a message.
    virtual void reset_on_close() noexcept {}
    /// Closes both directions. Bytes that the peer sent and nobody read make the kernel answer with a reset.
    virtual void close() noexcept = 0;
};

inline result<std::size_t> byte_stream::send_pages_now(std::string_view bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return write_now({&piece, 1});
}
inline result<std::size_t> byte_stream::fill_pipe_now(int, std::size_t) { return errno_code(EOPNOTSUPP); }
inline result<std::size_t> byte_stream::send_pipe_now(int, std::size_t) { return errno_code(EOPNOTSUPP); }

/// True when a call said: not now.
inline bool would_block(const error_code& error) noexcept {
    return error == boost::system::errc::operation_would_block ||
           error == boost::system::errc::resource_unavailable_try_again;
}

}  // namespace fairlead::net
