#pragma once

#include "handlers/script_feed.hpp"
#include "handlers/script_keeper.hpp"
#include "http/message.hpp"
#include "net/deadlines.hpp"
#include "net/plain_stream.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::handlers {

/// What a script writes to its standard output, while it runs. As the body of an answer it is read when the
/// client takes it, so a slow client slows the script down; when it is destroyed, the script is not wanted
/// any more.
class script_output final : public http::body_reader {
public:
    struct limits {
        /// From now on to the end of the output, without the time in which the client had to send first.
        std::chrono::milliseconds time;
        std::uint64_t bytes;
    };

    /// `socket` is the end that is ours, `client` who waits for the answer. `log` and `deadlines` outlive it.
    script_output(boost::asio::io_context& context, unique_fd socket, script_keeper::wish wish,
                  script_keeper::label name, const limits& most, net::deadline_list& deadlines,
                  const http::connection_view* client, telemetry::log& log);

    ~script_output() override;

    /// What the script reads meanwhile; to be called before the first read, if at all.
    void take_feed(std::unique_ptr<script_feed> feed) noexcept { feed_ = std::move(feed); }

    /// Errors: errc::timeout, longer than the limit; errc::too_large, more than the limit;
    /// errc::end_of_stream, a signal ended the script, so that what came may be half of it, or the client has
    /// left; errc::cancelled, the server stops; `feed_failed()`. Each is final.
    task<result<std::size_t>> read_some(std::span<char> buffer) override;
    std::int64_t length() const noexcept override { return -1; }

    /// Puts bytes in front of what is to be read.
    void put_back(std::string bytes) { rest_ = std::move(bytes); }

    /// Reads without waiting for more, until `text` has `most` bytes: true when this is all. What fails is
    /// told by `read_some`.
    task<bool> read_ready(std::string& text, std::size_t most);

    /// Why the script could not be given all of the body (script_feed::advance), if that is so.
    error_code feed_failed() const noexcept { return feed_failed_; }
    /// How the script ended, when its output has come to an end.
    child_process::end how() const noexcept { return how_; }
    /// Why it was cut off, if it was.
    net::deadline::reason cut() const noexcept { return deadline_.passed(); }

private:
    task<error_code> wait();
    task<error_code> feed_and_wait();
    void report_feed() const;
    task<result<std::size_t>> end();
    error_code count(std::size_t bytes);

    // The deadline has to go before the stream that it may abort.
    net::plain_stream stream_;
    net::deadline deadline_;
    script_keeper::wish wish_;
    const script_keeper::label name_;
    const limits most_;
    net::deadline::clock::time_point until_;
    telemetry::log& log_;
    std::unique_ptr<script_feed> feed_;
    error_code feed_failed_;
    std::string rest_;
    std::uint64_t received_ = 0;
    child_process::end how_;
    bool is_complete_ = false;
    error_code failed_;
};

}  // namespace fairlead::handlers
