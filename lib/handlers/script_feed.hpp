#pragma once

#include "handlers/input_pieces.hpp"
#include "net/plain_stream.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// Writes the body of a request to the standard input of a script that runs, as the client sends it. The
/// input is a pipe: unlike a socket it can be opened once more (`/dev/stdin`), and what a script leaves
/// unread costs none of its output.
class script_feed {
public:
    /// `pipe` is the end that is ours and never blocks. `disk` outlives it.
    script_feed(boost::asio::io_context& context, unique_fd pipe, std::unique_ptr<script_input> input,
                boost::asio::thread_pool& disk);

    /// Passes on what can be passed on now. Error: the client's (body_failed), or that the file
    /// of the first part cannot be read (errc::file_changed).
    task<error_code> advance();

    /// Adds what has to happen before `advance` can go on.
    void add_to(net::plain_stream::wait_set& waits) noexcept;
    bool awaits_client() const noexcept { return pieces_.awaits_client(); }
    /// To be called after each wait.
    void rest() noexcept { pieces_.rest(); }

    /// The input, open for as long as somebody keeps this, when the script does not have all of the body.
    unique_fd take_open_end() noexcept { return std::move(spare_); }

private:
    task<result<std::size_t>> next();
    bool send();
    void close() noexcept;

    const std::unique_ptr<script_input> input_;
    input_pieces pieces_;
    unique_fd spare_;  // a duplicate of the pipe
    net::plain_stream pipe_;
    std::string buffer_;
    std::string_view unsent_;
    bool is_over_ = false;  // the script has all of the body, or wants no more
};

}  // namespace fairlead::handlers
