#include "handlers/script_feed.hpp"

#include "base/release.hpp"

#include <fcntl.h>

namespace fairlead::handlers {
namespace {

// As much as a pipe holds.
constexpr std::size_t piece_size = 64 * 1024;

}  // namespace

script_feed::script_feed(boost::asio::io_context& context, unique_fd pipe,
                         std::unique_ptr<script_input> input, boost::asio::thread_pool& disk)
    : input_(std::move(input)),
      pieces_(input_.get(), disk),
      spare_(::fcntl(pipe.get(), F_DUPFD_CLOEXEC, 0)),
      pipe_(context, std::move(pipe)),
      buffer_(piece_size, '\0') {}

task<error_code> script_feed::advance() {
    while (!is_over_) {
        if (unsent_.empty() && pieces_.left() == 0) {
            close();
            break;
        }
        if (unsent_.empty()) {
            if (pieces_.has_had_turn()) co_await pipe_.wait(net::readiness::writable);
            const auto got = co_await next();
            if (!got && pieces_.awaits_client()) break;
            if (!got) co_return got.error();
            unsent_ = std::string_view(buffer_).substr(0, *got);
        }
        if (!send()) break;
    }
    co_return error_code{};
}

task<result<std::size_t>> script_feed::next() {
    auto got = pieces_.take_now(buffer_);
    if (!got && pieces_.needs_disk()) got = co_await pieces_.load(buffer_);
    co_return got;
}

/// False when the pipe is full.
bool script_feed::send() {
    const iovec part{const_cast<char*>(unsent_.data()), unsent_.size()};
    const auto sent = pipe_.write_now({&part, 1});
    if (sent) unsent_.remove_prefix(*sent);
    if (sent || net::would_block(sent.error())) return sent.has_value();
    close();  // the script has closed its input, or has ended
    return true;
}

void script_feed::close() noexcept {
    spare_.reset();
    pipe_.close();
    is_over_ = true;
    unsent_ = {};
    release(buffer_);
}

void script_feed::add_to(net::plain_stream::wait_set& waits) noexcept {
    if (is_over_) return;
    if (!unsent_.empty()) waits.add(pipe_, net::readiness::writable);
    pieces_.add_to(waits);
}

}  // namespace fairlead::handlers
