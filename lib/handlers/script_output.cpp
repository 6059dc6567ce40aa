#include "handlers/script_output.hpp"

#include "handlers/refusals.hpp"

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
      until_(net::deadline::clock::now() + most.time),
      log_(log) {
    deadline_.set(until_);
}

script_output::~script_output() {
    if (feed_) wish_.keep_open(feed_->take_open_end());
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
            failed_ = co_await wait();
        }
    }
}

/// Returns when output may have come. No coroutine of its own: that would be one more frame.
task<error_code> script_output::wait() {
    return feed_ ? feed_and_wait() : stream_.wait(net::readiness::readable);
}

/// The script is given what can be given meanwhile.
task<error_code> script_output::feed_and_wait() {
    feed_failed_ = co_await feed_->advance();
    if (feed_failed_) {
        report_feed();
        co_return feed_failed_;
    }
    net::plain_stream::wait_set waits;
    waits.add(stream_, net::readiness::readable);
    feed_->add_to(waits);
    const bool is_clients_turn = feed_->awaits_client();
    const auto begun = net::deadline::clock::now();
    if (is_clients_turn) deadline_.set(net::deadline::clock::time_point::max());
    const auto failed = co_await net::plain_stream::wait_first(waits);
    feed_->rest();
    if (is_clients_turn) {
        until_ += net::deadline::clock::now() - begun;
        deadline_.set(until_);
    }
    co_return failed;
}

/// Clients leave all the time; those who stall, or break off, may look for the reason.
void script_output::report_feed() const {
    constexpr auto* text = "script {} of request {} was ended: it cannot be given all of the body: {}";
    if (body_failed(feed_failed_).status == client_closed_request)
        log_.debug(text, name_.script, name_.request_id, feed_failed_.message());
    else
        log_.info(text, name_.script, name_.request_id, feed_failed_.message());
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
