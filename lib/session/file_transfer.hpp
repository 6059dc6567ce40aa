#pragma once

#include "http/message.hpp"
#include "net/byte_stream.hpp"

#include <cstdint>
#include <string>

namespace fairlead::session {

/// A part of a file, or several with text between them, on its way to the client, in constant memory
/// (sendfile, vmsplice). It never waits: whoever owns it does.
class file_transfer {
public:
    /// Bytes after which a client that takes them as fast as we send lets other connections have a turn.
    static constexpr std::uint64_t turn_size = 4 * 1024 * 1024;

    explicit file_transfer(http::file_slice file) noexcept;

    /// How head and body share segments.
    enum class segments {
        shared,  ///< the head waits for the body, which follows at once
        filled,  ///< only full ones leave until the body has gone
        own,     ///< the head leaves alone
    };
    /// To be called before the head is sent, to send it accordingly.
    segments begin(net::byte_stream& stream) noexcept;

    enum class state {
        done,
        no_room,  ///< the stream takes no more for now
        cold,     ///< the disk has to be asked first, by `load()`
        yield,    ///< so many bytes went without a pause that others should have a turn
    };
    /// Sends what the stream takes and the page cache has. Errors: errc::file_changed (the connection has to
    /// end: what was announced cannot be completed), or the stream's.
    result<state> advance(net::byte_stream& stream);
    /// Brings the next slice into the page cache; blocks. Errors: the file's errno (EIO).
    error_code load() noexcept;

    /// Bytes that it has yet to take.
    std::uint64_t left() const noexcept { return length_ - sent(); }
    /// Bytes that the stream took.
    std::uint64_t sent() const noexcept { return sent_before_ + lead_sent_ + sent_; }

private:
    void begin_part() noexcept;
    error_code send_lead(net::byte_stream& stream);
    result<state> send_slice(net::byte_stream& stream, std::uint64_t most);
    result<std::size_t> send_ready(net::byte_stream& stream);
    error_code copy_ahead();
    bool find_resident() noexcept;
    bool has_changed() const noexcept;
    std::uint64_t slice_end() const noexcept;

    http::file_slice file_;  // its offset and length are those of the part that is being sent
    std::uint64_t length_;   // of all parts with their text
    std::size_t part_ = 0;
    std::uint64_t sent_before_ = 0;  // in the parts before this one
    std::size_t lead_sent_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t ready_ = 0;  // bytes up to here are known to be in the page cache
    bool is_filling_ = false;  // segments
    std::string copy_;         // of the file, from `sent_ - copy_at_` on
    std::size_t copy_at_ = 0;
};

}  // namespace fairlead::session
