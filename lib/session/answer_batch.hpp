#pragma once

#include "http/message.hpp"
#include "net/byte_stream.hpp"
#include "session/environment.hpp"
#include "session/file_transfer.hpp"
#include "session/http1_writer.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::session {

/// What is told about a request once its last byte has gone: metrics always, a line in the logs that want it.
struct exchange_record {
    std::array<char, 16> id{};
    http::verb method = http::verb::unknown;
    unsigned status = 0;
    bool is_shed = false;              ///< refused because of load
    std::uint64_t bytes_sent = 0;      ///< of content
    std::uint64_t bytes_received = 0;  ///< of content
    std::chrono::steady_clock::time_point started;
    ip_address client;           ///< who asked, perhaps through a proxy; its port is that of the peer then
    http::rate_account account;  ///< is charged with the bytes
    std::chrono::steady_clock::time_point first_byte{};  ///< when it went; unset: with the last one

    bool has_text = false;  ///< a log wants this request. If not, what follows is what an older one has left
    std::string_view method_text, target, host, referer, user_agent;
    std::string
        user;  ///< a copy, since the request ends before the record; one that is used again keeps its room
    unsigned version_minor = 1;

    /// Fills in what the request says, whose id is one of ours; the views are those of its head. Without
    /// `with_text` there will be no line.
    void describe(const http::request& request, bool with_text);
    /// Counts and logs it; `now` is when the last byte went.
    void publish(const environment& shared, const http::peer_info& peer,
                 std::chrono::steady_clock::time_point now) const;
    /// Only charges the account of the limit of rates with the bytes, both ways together.
    void charge(std::chrono::steady_clock::time_point now) const noexcept;
    /// Takes off what was not sent after all. Returns how much of it was this record's.
    std::uint64_t take_bytes_back(std::uint64_t unsent) noexcept {
        const auto mine = std::min(unsent, bytes_sent);
        bytes_sent -= mine;
        return mine;
    }
    /// Only logs it.
    void write_line(const environment& shared, const http::peer_info& peer,
                    std::chrono::nanoseconds duration) const;
};

/// A record that keeps the text it views.
class owned_record {
public:
    explicit owned_record(const exchange_record& source);
    const exchange_record& get() const noexcept { return record_; }
    void set_first_byte(std::chrono::steady_clock::time_point when) noexcept { record_.first_byte = when; }
    /// Counts what a body that was made while it was sent came to.
    void add_bytes_sent(std::uint64_t more) noexcept { record_.bytes_sent += more; }
    /// Tells what of a body was received while the answer was sent, and before.
    void set_bytes_received(std::uint64_t all) noexcept { record_.bytes_received = all; }
    std::uint64_t take_bytes_back(std::uint64_t unsent) noexcept { return record_.take_bytes_back(unsent); }

private:
    std::unique_ptr<char[]> text_;
    exchange_record record_;
};

/// A body that is made while it is sent, and how it is framed.
struct made_body {
    std::unique_ptr<http::body_reader> source;
    bool is_chunked = true;  ///< else its end is where `left` says, or that of the connection
    std::optional<std::uint64_t> left = std::nullopt;  ///< bytes that were announced and are not yet sent

    /// errc::end_of_stream when the source ended (`got` is 0) before all that was announced.
    error_code ends_early(std::size_t got) const noexcept {
        return got == 0 && left.value_or(0) > 0 ? make_error_code(errc::end_of_stream) : error_code{};
    }
};

/// Answers that leave with one system call, but for a file or a stream that the last of them may have. Heads
/// and small bodies are copied one after another into a buffer; larger bodies are referred to and kept alive.
/// Lives within one plain function: it uses this thread's buffer.
class answer_batch {
public:
    /// Content up to this size is copied: cheaper than a further piece for the kernel.
    static constexpr std::size_t copy_limit = 4096;
    static constexpr std::size_t max_answers = 64;
    /// Content that is referred to, above which no further answer is added: so a client that takes none of
    /// many answers does not make much be kept for it.
    static constexpr std::size_t most_referred = 64 * 1024;

    explicit answer_batch(std::span<char> buffer) noexcept : buffer_(buffer) {}

    /// True when a further answer with `head_size` bytes of fields fits. A file or a stream is the last of
    /// its batch.
    bool has_room(std::size_t head_size) const noexcept {
        return !file_ && !stream_.source && records_used_ < max_answers && referred_ < most_referred &&
               buffer_.size() - used_ >= head_overhead + head_size + copy_limit;
    }
    /// Adds head and content. Returns the record of the exchange for the caller to fill, with every member;
    /// it is valid until `clear()`.
    exchange_record& add(http::response&& answer, const head_options& options);

    bool empty() const noexcept { return records_used_ == 0; }
    /// Sends what was added, as far as that goes without waiting. `close_follows`: the caller closes the
    /// stream when all has gone, so that its end leaves in the last segment. EAGAIN: `take_unsent()` has the
    /// rest. Other errors: errc::file_changed, or the stream's.
    error_code send(net::byte_stream& stream, bool close_follows);
    /// What the stream did not take: bytes, then perhaps a file, or a body that has yet to be made.
    struct unsent {
        std::vector<http::memory_slice> pieces;
        std::optional<file_transfer> file;
        made_body made;
    };
    unsent take_unsent();
    /// After `send` has failed for good: the records tell what has gone, as far as the kernel took it.
    void forget_unsent() noexcept;
    std::span<const exchange_record> records() const noexcept { return {records_.data(), records_used_}; }
    /// Forgets everything, for the next round.
    void clear() noexcept;

private:
    void add_piece(const char* data, std::size_t size);
    std::shared_ptr<const void> owner_of(std::string_view bytes);
    error_code send_pieces(net::byte_stream& stream, bool more_follows);

    std::span<char> buffer_;
    std::size_t used_ = 0;
    std::size_t pieces_used_ = 0;
    std::size_t records_used_ = 0;
    std::size_t owners_used_ = 0;
    std::size_t referred_ = 0;  // bytes
    std::array<iovec, 2 * max_answers> pieces_;
    std::array<exchange_record, max_answers> records_;
    std::array<std::shared_ptr<const void>, max_answers> owners_;
    std::array<const char*, max_answers> referred_ends_;  // where what each of them keeps ends
    std::optional<file_transfer> file_;
    made_body stream_;
    std::span<const iovec> unsent_;  // the end of `pieces_`
};

}  // namespace fairlead::session
