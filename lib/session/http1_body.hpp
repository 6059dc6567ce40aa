#pragma once

#include "config/settings.hpp"
#include "http/chunked.hpp"
#include "http/framing.hpp"
#include "http/message.hpp"
#include "net/body_feed.hpp"
#include "net/byte_stream.hpp"
#include "session/watch.hpp"

#include <string>

namespace fairlead::session {

/// The body of one request, read from the connection as far as its framing goes and never beyond it.
class http1_body final : public http::body_reader, public net::body_feed {
public:
    /// `early`: bytes that arrived together with the head. `expects_continue`: the first read that finds
    /// nothing there sends 100 (RFC 9110 section 10.1.1), so a refusal before it spares the client the body.
    http1_body(net::byte_stream& stream, watch& deadline, const config::limit_settings& limits,
               http::body_framing framing, std::string early, bool expects_continue);

    task<result<std::size_t>> read_some(std::span<char> buffer) override;
    std::int64_t length() const noexcept override;
    std::string_view trailer() const noexcept override { return chunks_.trailer(); }
    task<net::body_feed*> feed() override;

    /// Reads and throws away what is left if that is at most `limit` bytes; false when it is more, or reading
    /// failed.
    task<bool> drain(std::uint64_t limit);
    /// True when the client was not told to go on, and may or may not send the body.
    bool is_unsolicited() const noexcept { return expects_continue_ && !is_complete(); }
    bool is_complete() const noexcept;
    /// True when somebody reads it by `feed`: perhaps for as long as there is an answer.
    bool is_streamed() const noexcept { return is_streamed_; }
    /// Bytes of content read so far.
    std::uint64_t received() const noexcept { return received_; }
    /// The bytes after the body: the begin of the next request. Only when complete.
    std::string take_surplus();

private:
    result<std::size_t> read_now(std::span<char> buffer) override;
    void rest() noexcept override;
    net::plain_stream& stream() noexcept override { return *stream_.as_plain(); }

    std::span<char> cut(std::span<char> buffer) const noexcept;
    std::size_t take_early(std::span<char> buffer);
    errc why_ended() const noexcept;
    result<std::size_t> read_stream(std::span<char> buffer);
    task<result<std::size_t>> read_raw(std::span<char> buffer);
    task<error_code> send_continue();
    watch::clock::time_point slowest_end() const noexcept;

    net::byte_stream& stream_;
    watch& deadline_;
    const config::limit_settings& limits_;
    const http::body_framing framing_;
    std::string early_;
    std::size_t early_used_ = 0;
    http::chunked_decoder chunks_;
    bool expects_continue_;
    std::uint64_t received_ = 0;
    std::uint64_t raw_received_;  // with chunk framing; what the minimum rate is measured by
    // Both are moved on by the time in which nobody waited for the client.
    watch::clock::time_point begin_;
    watch::clock::time_point progress_;
    watch::clock::time_point rests_since_;
    bool is_streamed_ = false;
    bool is_awaited_ = false;
    bool is_late_ = false;  // its time had passed when it was last waited for
};

}  // namespace fairlead::session
