#pragma once

#include "handlers/script_input.hpp"
#include "net/plain_stream.hpp"

#include <cstdint>
#include <span>

namespace fairlead::handlers {

/// The body of a request in the pieces in which it is passed on: first what was taken in, then what the
/// client sends meanwhile.
class input_pieces {
public:
    /// `input` (nullptr: there is no body) and `disk` outlive it.
    input_pieces(script_input* input, boost::asio::thread_pool& disk) noexcept : input_(input), disk_(disk) {}

    /// Bytes that have yet to be passed on.
    std::uint64_t left() const noexcept { return input_ ? input_->size() - given_ : 0; }

    /// The next bytes, while there are any left, in the front of `to`: those in memory, or what the client
    /// has sent. EAGAIN: the disk has to be asked (`needs_disk`), or the client has to send first. Other
    /// errors are the client's (body_failed): the body cannot be completed.
    result<std::size_t> take_now(std::span<char> to);
    /// Whether the next bytes are in a file.
    bool needs_disk() const noexcept { return !is_clients_turn() && !input_->is_in_memory(); }
    /// The next bytes, from that file. Error: errc::file_changed, when they cannot be read.
    task<result<std::size_t>> load(std::span<char> to);

    /// True from an EAGAIN of `take_now` that meant the client until `rest`.
    bool awaits_client() const noexcept { return awaits_client_; }
    /// Adds the client, if it is awaited.
    void add_to(net::plain_stream::wait_set& waits) const noexcept;
    /// To be called after each wait.
    void rest() noexcept;

    /// True when so much came from the client without a wait that others should have a turn; once.
    bool has_had_turn() noexcept;

private:
    bool is_clients_turn() const noexcept { return given_ >= input_->taken(); }

    script_input* const input_;
    boost::asio::thread_pool& disk_;
    std::uint64_t given_ = 0;
    std::uint64_t in_turn_ = 0;
    bool awaits_client_ = false;
};

}  // namespace fairlead::handlers
