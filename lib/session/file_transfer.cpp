#include "session/file_transfer.hpp"

#include "base/file_time.hpp"
#include "base/page_cache.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace fairlead::session {
namespace {

// Bytes of a file that are probed and handed to the kernel at a time.
constexpr std::uint64_t slice_size = 2 * 1024 * 1024;
// Bytes at the end of a body that are held back until the file is known to be unchanged.
constexpr std::uint64_t last_piece = 64 * 1024;
// Up to here one flag on the head (MSG_MORE) does what two calls do for longer bodies (TCP_CORK). There it
// would not: the client's acknowledgements push out part of a segment.
constexpr std::uint64_t short_body = 64 * 1024;
constexpr std::uint64_t short_constant = 256 * 1024;
// Where the kernel paces, segments that are not full cost less up to here (measured with bbr on loopback:
// 1 MiB takes half as long again in full segments, 100 MiB a third less).
constexpr std::uint64_t long_if_paced = 16 * 1024 * 1024;

}  // namespace

file_transfer::file_transfer(http::file_slice file) noexcept
    : file_(std::move(file)), length_(file_.total_length()) {
    if (!file_.parts.empty()) begin_part();
}

file_transfer::segments file_transfer::begin(net::byte_stream& stream) noexcept {
    // What cannot change goes in one call.
    if (length_ <= short_body || (file_.memory && length_ <= short_constant)) return segments::shared;
    if (stream.is_paced() && length_ < long_if_paced) return segments::own;
    stream.fill_segments(true);
    is_filling_ = true;
    return segments::filled;
}

/// True when the file is no longer what the head of the answer described.
bool file_transfer::has_changed() const noexcept {
    if (file_.memory) return false;
    struct stat now{};
    return ::fstat(file_.fd, &now) != 0 || static_cast<std::uint64_t>(now.st_size) != file_.expected_size ||
           nanoseconds_of(now.st_mtim) != file_.expected_mtime_ns;
}

/// Where the slice ends that begins at `sent_`.
std::uint64_t file_transfer::slice_end() const noexcept {
    const auto left = file_.length - sent_;
    if (left <= last_piece || file_.memory) return file_.length;
    return sent_ + std::min(slice_size, left - last_piece);
}

/// True when there is a slice to be sent without asking the disk.
bool file_transfer::find_resident() noexcept {
    if (sent_ < ready_) return true;
    const auto end = slice_end();
    if (file_.memory || is_resident(file_.fd, file_.offset + sent_, end - sent_)) ready_ = end;
    return sent_ < ready_;
}

/// Sets the slice to that of the current part.
void file_transfer::begin_part() noexcept {
    lead_sent_ = 0;
    sent_ = ready_ = 0;
    file_.offset = file_.parts[part_].offset;
    file_.length = file_.parts[part_].length;
}

/// The text before the current part. EAGAIN when the stream takes no more.
error_code file_transfer::send_lead(net::byte_stream& stream) {
    const auto& lead = file_.parts[part_].lead;
    while (lead_sent_ < lead.size()) {
        const iovec piece{const_cast<char*>(lead.data()) + lead_sent_, lead.size() - lead_sent_};
        const auto sent = stream.write_now({&piece, 1}, part_ + 1 < file_.parts.size());
        if (!sent) return sent.error();
        lead_sent_ += *sent;
    }
    return {};
}

/// Reads what comes next into memory of our own, before anybody asks whether the file has changed.
error_code file_transfer::copy_ahead() {
    if (copy_at_ < copy_.size()) return {};
    copy_.resize(std::min<std::uint64_t>(last_piece, ready_ - sent_));
    copy_at_ = 0;
    for (std::size_t done = 0; done < copy_.size();) {
        const auto n = ::pread(file_.fd, copy_.data() + done, copy_.size() - done,
                               static_cast<off_t>(file_.offset + sent_ + done));
        if (n == 0) return errc::file_changed;
        if (n < 0 && errno != EINTR) return last_error();
        if (n > 0) done += static_cast<std::size_t>(n);
    }
    return {};
}

/// Bytes that the stream took of what is ready.
result<std::size_t> file_transfer::send_ready(net::byte_stream& stream) {
    const auto most = static_cast<std::size_t>(ready_ - sent_);
    if (file_.memory) return stream.send_pages_now({file_.memory + file_.offset + sent_, most});
    if (!file_.is_copied) return stream.send_file_now(file_.fd, file_.offset + sent_, most);
    const iovec piece{copy_.data() + copy_at_, copy_.size() - copy_at_};
    const auto sent = stream.write_now({&piece, 1}, sent_ + piece.iov_len < file_.length);
    if (sent) copy_at_ += *sent;
    return sent;
}

/// Sends of the current slice, and no more than about `most` bytes.
result<file_transfer::state> file_transfer::send_slice(net::byte_stream& stream, std::uint64_t most) {
    const auto begin = sent_;
    while (sent_ < file_.length) {
        if (sent_ - begin >= most) return state::yield;
        if (!find_resident()) return state::cold;
        // What completes the body leaves only when the file was a moment ago what was announced. A writer
        // that changes it in place within that moment wins; one that replaces it, as all should, never does.
        if (file_.is_copied)
            if (const auto failed = copy_ahead()) return failed;
        if (ready_ == file_.length && has_changed()) return errc::file_changed;
        const auto sent = send_ready(stream);
        if (!sent && net::would_block(sent.error())) return state::no_room;
        if (!sent) return sent.error();
        if (*sent == 0) return errc::file_changed;
        sent_ += *sent;
    }
    return state::done;
}

result<file_transfer::state> file_transfer::advance(net::byte_stream& stream) {
    const auto begin = sent();
    for (;;) {
        if (!file_.parts.empty()) {
            const auto failed = send_lead(stream);
            if (failed && net::would_block(failed)) return state::no_room;
            if (failed) return failed;
        }
        const auto in_turn = sent() - begin;
        const auto reached = send_slice(stream, turn_size - std::min(turn_size, in_turn));
        if (!reached || *reached != state::done) return reached;
        if (part_ + 1 >= file_.parts.size()) break;
        sent_before_ = sent();
        ++part_;
        begin_part();
    }
    if (is_filling_) stream.fill_segments(false);
    return state::done;
}

error_code file_transfer::load() noexcept {
    const auto end = slice_end();
    const auto failed = read_ahead(file_.fd, file_.offset + sent_, end - sent_);
    // Also when the kernel has dropped some of it again: waiting for the disk is then better than trying
    // for ever.
    if (!failed) ready_ = end;
    return failed;
}

}  // namespace fairlead::session
