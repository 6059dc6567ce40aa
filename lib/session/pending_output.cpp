#include "session/pending_output.hpp"

#include "base/blocking.hpp"

#include <algorithm>

namespace fairlead::session {

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
    std::span<char> left(rest.bytes);
    while (!left.empty()) {
        const iovec piece{left.data(), left.size()};
        const auto written = stream.write_now({&piece, 1});
        if (written) {
            sent_ += *written;
            left = left.subspan(*written);
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
    begin_ = watch::clock::now();
    // Whoever left this here had tried already, or has had its turn.
    auto failed = co_await wait_writable(stream, deadline, shared.limits);
    if (failed) co_return failed;
    failed = co_await send_bytes(stream, deadline, shared.limits);
    if (failed || !rest.file) co_return failed;
    co_return co_await send_file(stream, deadline, shared);
}

}  // namespace fairlead::session
