#include "session/pending_output.hpp"

#include "base/blocking.hpp"
#include "base/page_cache.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace fairlead::session {
namespace {

// Bytes of a file that are probed and handed to the kernel at a time.
constexpr std::uint64_t slice_size = 2 * 1024 * 1024;
// Bytes at the end of a file that are held back until it is known to be unchanged.
constexpr std::uint64_t last_piece = 64 * 1024;
// From here on a body is sent in full segments only (TCP_CORK): a third less CPU for 100 MiB, but more for 1
// MiB (measured).
constexpr std::uint64_t long_body = 16 * 1024 * 1024;
// Bytes after which a download that the client takes as fast as we send lets other connections have a turn.
constexpr std::uint64_t turn_size = 4 * 1024 * 1024;

/// True when the file is no longer what the head of the answer described.
bool has_changed(const http::file_slice& file) noexcept {
    struct stat now{};
    if (::fstat(file.fd, &now) != 0) return true;
    const auto mtime_ns = static_cast<std::int64_t>(now.st_mtim.tv_sec) * 1'000'000'000 + now.st_mtim.tv_nsec;
    return static_cast<std::uint64_t>(now.st_size) != file.expected_size ||
           mtime_ns != file.expected_mtime_ns;
}

}  // namespace

task<error_code> pending_output::wait_writable(net::byte_stream& stream, watch& deadline,
                                               const config::limit_settings& limits) {
    // A stall is cut, and so is a reader that takes a byte now and then: the average has to keep up with the
    // rate.
    const auto rate = std::max<std::uint64_t>(limits.min_body_rate, 1);
    const auto by_rate = begin_ + limits.write_stall_timeout + std::chrono::milliseconds(sent_ * 1000 / rate);
    deadline.enter(watch::phase::writing,
                   std::min(by_rate, watch::clock::now() + limits.write_stall_timeout));
    const auto failed = co_await stream.wait(net::readiness::writable);
    if (deadline.has_expired()) co_return errc::timeout;
    deadline.enter(watch::phase::working);
    co_return failed;
}

task<error_code> pending_output::send_bytes(net::byte_stream& stream, watch& deadline,
                                            const config::limit_settings& limits) {
    std::span<char> rest(bytes);
    while (!rest.empty()) {
        const iovec piece{rest.data(), rest.size()};
        const auto written = stream.write_now({&piece, 1});
        if (written) {
            sent_ += *written;
            rest = rest.subspan(*written);
            continue;
        }
        if (!net::would_block(written.error())) co_return written.error();
        const auto failed = co_await wait_writable(stream, deadline, limits);
        if (failed) co_return failed;
    }
    co_return error_code{};
}

task<error_code> pending_output::send_file(net::byte_stream& stream, watch& deadline,
                                           const environment& shared) {
    std::uint64_t done = 0;
    std::uint64_t turn = 0;
    std::uint64_t ready = 0;  // bytes up to here are known to be in the page cache
    while (done < file->length) {
        if (done == ready) {
            const auto left = file->length - done;
            // The last piece stays here until the file is known to be what was announced, so that a mixture
            // of two versions is never complete.
            if (left <= last_piece && has_changed(*file)) co_return errc::file_changed;
            const auto count = left <= last_piece ? left : std::min(slice_size, left - last_piece);
            if (!is_resident(file->fd, file->offset + done, count)) {
                const auto fd = file->fd;
                const auto from = file->offset + done;
                const auto failed = co_await run_blocking(
                    shared.disk, [fd, from, count] { return read_ahead(fd, from, count); });
                if (failed) co_return failed;
            }
            ready += count;
        }
        const auto sent =
            stream.send_file_now(file->fd, file->offset + done, static_cast<std::size_t>(ready - done));
        if (sent && *sent == 0) co_return errc::file_changed;
        if (sent) {
            done += *sent;
            sent_ += *sent;
            turn += *sent;
        } else if (!net::would_block(sent.error())) {
            co_return sent.error();
        }
        if (!sent || turn >= turn_size) {
            turn = 0;
            const auto failed = co_await wait_writable(stream, deadline, shared.limits);
            if (failed) co_return failed;
        }
    }
    co_return error_code{};
}

task<error_code> pending_output::send(net::byte_stream& stream, watch& deadline, const environment& shared) {
    begin_ = watch::clock::now();
    auto failed = co_await send_bytes(stream, deadline, shared.limits);
    if (failed || !file) co_return failed;
    const bool is_long = file->length >= long_body;
    if (is_long) stream.fill_segments(true);
    failed = co_await send_file(stream, deadline, shared);
    if (is_long && !failed) stream.fill_segments(false);
    co_return failed;
}

}  // namespace fairlead::session
