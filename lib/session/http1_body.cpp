#include "session/http1_body.hpp"

#include "base/release.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::session {
namespace {

// Raw bytes that a chunked body is read in at a time.
constexpr std::size_t chunked_read_size = 16 * 1024;

}  // namespace

http1_body::http1_body(net::byte_stream& stream, watch& deadline, const config::limit_settings& limits,
                       http::body_framing framing, std::string early, bool expects_continue)
    : stream_(stream),
      deadline_(deadline),
      limits_(limits),
      framing_(framing),
      early_(std::move(early)),
      // A body that is on its way already needs no 100 (RFC 9110 section 10.1.1).
      expects_continue_(expects_continue && early_.empty()),
      raw_received_(early_.size()),
      begin_(watch::clock::now()),
      progress_(begin_),
      rests_since_(begin_) {}

std::int64_t http1_body::length() const noexcept {
    return framing_.kind == http::body_framing::kind::chunked ? -1
                                                              : static_cast<std::int64_t>(framing_.length);
}

bool http1_body::is_complete() const noexcept {
    return framing_.kind == http::body_framing::kind::chunked ? chunks_.is_done()
                                                              : received_ == framing_.length;
}

watch::clock::time_point http1_body::slowest_end() const noexcept {
    using std::chrono::milliseconds;
    // A grace, then the average rate; and never silent for longer than an idle connection may be. So a slow
    // honest client lives, and one that sends a byte now and then does not.
    const auto if_silent = progress_ + std::max(limits_.idle_timeout, limits_.header_timeout);
    if (limits_.min_body_rate == 0) return if_silent;
    const auto by_rate =
        begin_ + limits_.header_timeout + milliseconds(raw_received_ * 1000 / limits_.min_body_rate);
    return std::min(by_rate, if_silent);
}

task<error_code> http1_body::send_continue() {
    expects_continue_ = false;
    std::string_view rest = "HTTP/1.1 100 Continue\r\n\r\n";
    while (!rest.empty()) {
        const iovec piece{const_cast<char*>(rest.data()), rest.size()};
        const auto sent = stream_.write_now({&piece, 1});
        if (sent) {
            rest.remove_prefix(*sent);
            continue;
        }
        if (!net::would_block(sent.error())) co_return sent.error();
        deadline_.enter(watch::phase::writing, watch::clock::now() + limits_.write_stall_timeout);
        const auto failed = co_await stream_.wait(net::readiness::writable);
        if (failed) co_return failed;
    }
    co_return error_code{};
}

std::size_t http1_body::take_early(std::span<char> buffer) {
    const auto n = std::min(buffer.size(), early_.size() - early_used_);
    std::memcpy(buffer.data(), early_.data() + early_used_, n);
    early_used_ += n;
    // It may be 64 KiB, and the rest of the body may take its time.
    if (early_used_ == early_.size()) {
        release(early_);
        early_used_ = 0;
    }
    return n;
}

/// What the end of the stream within the body means.
errc http1_body::why_ended() const noexcept {
    if (deadline_.is_cut()) return errc::cancelled;
    return deadline_.has_expired() || is_late_ ? errc::timeout : errc::end_of_stream;
}

/// Reads once. EAGAIN: the deadline of the client runs.
result<std::size_t> http1_body::read_stream(std::span<char> buffer) {
    const auto got = stream_.read_now(buffer);
    if (got && *got == 0) return why_ended();
    if (got) {
        progress_ = rests_since_ = watch::clock::now();
        is_awaited_ = false;
        raw_received_ += *got;
        deadline_.enter(watch::phase::working);
    } else if (net::would_block(got.error())) {
        if (!is_awaited_) {
            const auto pause = watch::clock::now() - rests_since_;
            begin_ += pause;
            progress_ += pause;
            is_awaited_ = true;
        }
        deadline_.enter(watch::phase::body, slowest_end());
    }
    return got;
}

task<result<std::size_t>> http1_body::read_raw(std::span<char> buffer) {
    if (early_used_ < early_.size()) co_return take_early(buffer);
    if (expects_continue_) {
        const auto failed = co_await send_continue();
        if (failed) co_return failed;
    }
    for (;;) {
        const auto got = read_stream(buffer);
        if (got || !net::would_block(got.error())) co_return got;
        const auto failed = co_await stream_.wait(net::readiness::readable);
        if (failed) co_return failed;
    }
}

/// As much of the buffer as the body may still fill; of one with a length.
std::span<char> http1_body::cut(std::span<char> buffer) const noexcept {
    const auto most = std::min<std::uint64_t>(buffer.size(), framing_.length - received_);
    return buffer.first(static_cast<std::size_t>(most));
}

task<net::body_feed*> http1_body::feed() {
    if (framing_.kind != http::body_framing::kind::length || !stream_.as_plain()) co_return nullptr;
    is_streamed_ = true;
    // What fails here fails again when it is read.
    if (expects_continue_) co_await send_continue();
    deadline_.enter(watch::phase::working);
    co_return this;
}

result<std::size_t> http1_body::read_now(std::span<char> buffer) {
    if (is_complete() || buffer.empty()) return std::size_t{0};
    const bool is_here = early_used_ < early_.size();
    const auto got = is_here ? result<std::size_t>(take_early(cut(buffer))) : read_stream(cut(buffer));
    if (got) received_ += *got;
    return got;
}

void http1_body::rest() noexcept {
    if (!is_awaited_) return;
    is_late_ |= deadline_.has_expired();
    is_awaited_ = false;
    rests_since_ = watch::clock::now();
    deadline_.enter(watch::phase::working);
}

task<result<std::size_t>> http1_body::read_some(std::span<char> buffer) {
    if (is_complete() || buffer.empty()) co_return std::size_t{0};
    if (framing_.kind == http::body_framing::kind::length) {
        const auto got = co_await read_raw(cut(buffer));
        if (got) received_ += *got;
        co_return got;
    }
    for (;;) {
        if (early_used_ == early_.size()) {
            std::string fresh(chunked_read_size, '\0');
            const auto got = co_await read_raw(fresh);
            if (!got) co_return got.error();
            fresh.resize(*got);
            early_ = std::move(fresh);
            early_used_ = 0;
        }
        const auto step = chunks_.decode(std::span<const char>(early_).subspan(early_used_), buffer);
        if (!step) co_return step.error();
        early_used_ += step->consumed;
        received_ += step->produced;
        if (step->produced > 0 || chunks_.is_done()) co_return step->produced;
    }
}

task<bool> http1_body::drain(std::uint64_t limit) {
    if (framing_.kind == http::body_framing::kind::length && framing_.length - received_ > limit)
        co_return false;
    const auto most = received_ + limit;
    std::string sink(4096, '\0');
    while (!is_complete()) {
        const auto got = co_await read_some(sink);
        if (!got || received_ > most) co_return false;
    }
    co_return true;
}

std::string http1_body::take_surplus() {
    early_.erase(0, early_used_);
    early_used_ = 0;
    return std::move(early_);
}

}  // namespace fairlead::session
