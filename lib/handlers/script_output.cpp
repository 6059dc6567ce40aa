#include "handlers/script_output.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::handlers {

script_output::script_output(boost::asio::io_context& context, unique_fd socket, script_keeper::wish wish,
                             script_keeper::label name, const limits& most, net::deadline_list& deadlines,
                             const http::connection_view* client, telemetry::log& log)
    : stream_(context, std::move(socket)),
      deadline_(deadlines, stream_, client),
      wish_(std::move(wish)),
      name_(std::move(name)),
      most_(most),
      log_(log) {
    deadline_.set(net::deadline::clock::now() + most.time);
}

task<result<std::size_t>> script_output::read_some(std::span<char> buffer) {
    if (!rest_.empty()) {
        const auto size = std::min(buffer.size(), rest_.size());
        std::memcpy(buffer.data(), rest_.data(), size);
        rest_.erase(0, size);
        co_return size;
    }
    for (;;) {
        if (failed_) co_return failed_;
        if (is_complete_) co_return std::size_t{0};
        const auto got = stream_.read_now(buffer);
        if (got && *got > 0) {
            failed_ = count(*got);
            if (!failed_) co_return *got;
        } else if (got || !net::would_block(got.error())) {
            const auto ended = co_await end();
            co_return ended;
        } else {
            failed_ = co_await stream_.wait(net::readiness::readable);
        }
    }
}

task<bool> script_output::read_ready(std::string& text, std::size_t most) {
    text = std::exchange(rest_, {});
    while (text.size() < most) {
        const auto begin = text.size();
        text.resize(most);
        const auto got = stream_.read_now(std::span(text).subspan(begin));
        text.resize(begin + (got ? *got : 0));
        if (got && *got > 0) {
            failed_ = count(*got);
            if (failed_) co_return false;
            continue;
        }
        if (!got && net::would_block(got.error())) co_return false;
        const auto ended = co_await end();
        co_return ended.has_value();
    }
    co_return false;
}

error_code script_output::count(std::size_t bytes) {
    received_ += bytes;
    if (received_ <= most_.bytes) return {};
    log_.warn("script {} of request {} was cut off: its output has more than {} bytes (cgi.max_output)",
              name_.script, name_.request_id, most_.bytes);
    return errc::too_large;
}

/// No more comes: because of the script, or of somebody who waited long enough.
task<result<std::size_t>> script_output::end() {
    using reason = net::deadline::reason;
    switch (deadline_.passed()) {
        case reason::time:
            log_.warn("script {} of request {} was cut off after {} ms (cgi.timeout)", name_.script,
                      name_.request_id, most_.time.count());
            failed_ = errc::timeout;
            break;
        case reason::client_left: failed_ = errc::end_of_stream; break;
        case reason::stopping: failed_ = errc::cancelled; break;
        case reason::none: break;
    }
    if (failed_) co_return failed_;
    how_ = co_await wish_.fulfil();
    is_complete_ = true;
    // What a signal ended looks complete and is not.
    if (how_.signal != 0) failed_ = errc::end_of_stream;
    if (failed_) co_return failed_;
    co_return std::size_t{0};
}

}  // namespace fairlead::handlers
