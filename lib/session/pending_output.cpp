#include "session/pending_output.hpp"

#include "base/blocking.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace fairlead::session {

namespace {

// Bytes of a made body that are asked for at a time.
constexpr std::size_t piece_size = 32 * 1024;

/// The chunk of `size` bytes that stand behind `lead` in the buffer; the last one when that is 0.
std::string_view frame_chunk(std::vector<char>& buffer, std::size_t lead, std::size_t size) {
    char* const data = buffer.data() + lead;
    std::memcpy(data + size, "\r\n", 2);
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    const auto width = static_cast<std::size_t>(end - digits.data());
    char* const begin = data - 2 - width;
    std::memcpy(begin, digits.data(), width);
    std::memcpy(begin + width, "\r\n", 2);
    return {begin, width + 2 + size + 2};
}

}  // namespace

task<error_code> pending_output::wait_writable(net::byte_stream& stream, watch& deadline,
                                               const config::limit_settings& limits) {
    // A stall is cut, and so is a reader that takes a byte now and then: the average has to keep up with the
    // rate.
    auto end = watch::clock::now() + limits.write_stall_timeout;
    if (const auto rate = limits.min_body_rate; rate > 0)
        end = std::min(end,
                       begin_ + limits.write_stall_timeout + std::chrono::milliseconds(sent_ * 1000 / rate));
    deadline.enter(watch::phase::writing, end);
    const auto failed = co_await stream.wait(net::readiness::writable);
    if (deadline.has_expired()) co_return errc::timeout;
    deadline.enter(watch::phase::working);
    co_return failed;
}

task<error_code> pending_output::send_bytes(net::byte_stream& stream, watch& deadline,
                                            const config::limit_settings& limits, std::string_view left) {
    while (!left.empty()) {
        const iovec piece{const_cast<char*>(left.data()), left.size()};
        const auto written = stream.write_now({&piece, 1});
        if (written) {
            sent_ += *written;
            left.remove_prefix(*written);
            continue;
        }
        if (!net::would_block(written.error())) co_return written.error();
        const auto failed = co_await wait_writable(stream, deadline, limits);
        if (failed) co_return failed;
    }
    co_return error_code{};
}

/// Makes a piece, sends it, makes the next: so a client that leaves stops the work, and one that is slow
/// slows it down. What the pieces came to is the record's. The source is asked once more when the client has
/// all that was announced: a script may have more to do than to answer, and a connection to an
/// application can be used again only when its answer has ended.
task<error_code> pending_output::send_made(net::byte_stream& stream, watch& deadline,
                                           const config::limit_settings& limits) {
    // The length of a chunk stands in front of it (RFC 9112 section 7.1).
    constexpr std::size_t lead = 10;  // at most 8 hexadecimal digits, and CRLF
    std::vector<char> buffer(lead + piece_size + 2);
    std::uint64_t in_turn = 0;
    for (;;) {
        const std::span<char> room(buffer.data() + lead, piece_size);
        const auto asked = watch::clock::now();
        const auto got = co_await rest.made.source->read_some(room);
        begin_ += watch::clock::now() - asked;  // it was not the client who was slow
        // Whatever came now, the answer is complete.
        if (rest.made.left == 0) co_return error_code{};
        const auto failed_early = got ? rest.made.ends_early(*got) : got.error();
        if (failed_early) {
            // Without chunks the end of the connection would look like the end of the body; a reset does not.
            if (!rest.made.is_chunked) stream.reset_on_close();
            co_return failed_early;
        }
        const auto size = rest.made.left ? std::min<std::uint64_t>(*got, *rest.made.left) : *got;
        std::string_view piece(buffer.data() + lead, size);
        if (rest.made.is_chunked) piece = frame_chunk(buffer, lead, size);
        auto failed = co_await send_bytes(stream, deadline, limits, piece);
        if (failed || size == 0) co_return failed;
        records.back().add_bytes_sent(size);
        if (rest.made.left && (*rest.made.left -= size) == 0) continue;
        in_turn += size;
        if (in_turn < file_transfer::turn_size) continue;
        in_turn = 0;
        failed = co_await wait_writable(stream, deadline, limits);  // others have a turn, too
        if (failed) co_return failed;
    }
}

task<error_code> pending_output::send_file(net::byte_stream& stream, watch& deadline,
                                           const environment& shared) {
    auto& file = *rest.file;
    for (;;) {
        const auto before = file.sent();
        const auto reached = file.advance(stream);
        sent_ += file.sent() - before;
        if (!reached) co_return reached.error();
        if (*reached == file_transfer::state::done) co_return error_code{};
        error_code failed;
        if (*reached == file_transfer::state::cold)
            failed = co_await run_blocking(shared.disk, [&file] { return file.load(); });
        else
            failed = co_await wait_writable(stream, deadline, shared.limits);
        if (failed) co_return failed;
    }
}

task<error_code> pending_output::send(net::byte_stream& stream, watch& deadline, const environment& shared) {
    std::uint64_t announced = rest.file ? rest.file->left() : 0;
    for (const auto& piece : rest.pieces) announced += piece.bytes.size();
    // Without chunks and a length the end of the connection is the end of the body: one that is cut is reset.
    const bool ends_with_stream = rest.made.source && !rest.made.is_chunked && !rest.made.left;
    if (ends_with_stream) deadline.end_by_reset(true);
    const auto failed = co_await send_all(stream, deadline, shared);
    if (failed && ends_with_stream) stream.reset_on_close();
    if (ends_with_stream) deadline.end_by_reset(false);
    // The records say what was announced. What the client did not get is missing from the last of them on.
    if (failed && !rest.made.source) forget_unsent(announced - std::min(announced, sent_));
    co_return failed;
}

void pending_output::forget_unsent(std::uint64_t bytes) {
    for (auto record = records.rbegin(); record != records.rend() && bytes > 0; ++record)
        bytes -= record->take_bytes_back(bytes);
}

task<error_code> pending_output::send_all(net::byte_stream& stream, watch& deadline,
                                          const environment& shared) {
    begin_ = watch::clock::now();
    // Whoever left this here had tried already, or has had its turn.
    auto failed = co_await wait_writable(stream, deadline, shared.limits);
    if (failed) co_return failed;
    for (auto& piece : rest.pieces) {
        failed = co_await send_bytes(stream, deadline, shared.limits, piece.bytes);
        if (failed) co_return failed;
        piece = {};
    }
    if (rest.file)
        failed = co_await send_file(stream, deadline, shared);
    else if (rest.made.source)
        failed = co_await send_made(stream, deadline, shared.limits);
    co_return failed;
}

}  // namespace fairlead::session
