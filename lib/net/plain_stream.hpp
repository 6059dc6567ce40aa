#pragma once

#include "net/accepted_socket.hpp"
#include "net/byte_stream.hpp"

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace fairlead::net {

/// A TCP connection without TLS, a unix stream socket, or the end of a pipe that is written to. The
/// descriptor joins the reactor when it is first waited for, so a connection whose only request is there
/// already costs no epoll call; afterwards waiting costs none either (edge_wait.hpp).
class plain_stream final : public byte_stream {
public:
    plain_stream(boost::asio::io_context& context, accepted_socket&& socket) noexcept
        : context_(context), socket_(std::move(socket.fd)), is_paced_(socket.is_paced) {}
    /// Takes over a non-blocking stream socket of any family that no listener has prepared: one end of
    /// socketpair(2), or one that connect(2) was called for. Or the writing end of a pipe, which knows
    /// `write_now`, `wait` for writing, and `close`.
    plain_stream(boost::asio::io_context& context, unique_fd&& socket) noexcept;
    ~plain_stream() override { close(); }

    result<std::size_t> read_now(std::span<char> buffer) override;
    /// `read_now`, but of a unix socket at most 16 KiB are read, and stay there until something has been
    /// written, or more is read. Taking it wakes a peer that sleeps in read(2), for nothing (Linux tells it
    /// that there is room again); what is written wakes it anyway. For the last bytes before something is
    /// written: waiting, splicing and `has_ended` do not know of what stayed.
    result<std::size_t> read_leaving(std::span<char> buffer);
    using byte_stream::write_now;
    result<std::size_t> write_now(std::span<const iovec> pieces, bool more_follows) override;
    result<std::size_t> send_file_now(int fd, std::uint64_t offset, std::size_t count) override;
    result<std::size_t> send_pages_now(std::string_view bytes) override;
    task<error_code> wait(readiness direction) override;
    error_code prepare_to_share() override { return reactor_ ? error_code{} : join_reactor(); }
    plain_stream* as_plain() noexcept override { return this; }
    bool can_splice() const noexcept override { return true; }
    result<std::size_t> fill_pipe_now(int pipe, std::size_t most) override;
    result<std::size_t> send_pipe_now(int pipe, std::size_t count) override;
    bool is_paced() const noexcept override { return is_paced_; }
    void fill_segments(bool on) noexcept override;
    bool is_read_out() const noexcept override { return is_drained_; }
    void expect_more() noexcept override { is_drained_ = false; }
    bool has_left() const noexcept override;
    bool has_ended() const noexcept override;
    http::local_end local() const noexcept override;
    void shutdown_send() noexcept override;
    void abort(abort_kind what) noexcept override;
    void reset_on_close() noexcept override;
    void close() noexcept override;

    /// What is waited for at once: directions of streams, which belong to one context.
    struct wait_set {
        struct one {
            plain_stream* stream;
            readiness direction;
        };
        std::array<one, 3> of{};
        std::size_t size = 0;
        void add(plain_stream& stream, readiness direction) noexcept { of[size++] = {&stream, direction}; }
    };
    /// `wait` for all of a set: returns when one of them may succeed, or has failed for good.
    static task<error_code> wait_first(wait_set what);
    /// `wait_first` for both directions.
    task<error_code> wait_any();

    /// Returns when a connect(2) that is in progress has come to its end: no error when the connection
    /// stands, else why it does not, as errno in the system category. ECONNRESET after `abort(abort_both)`.
    task<error_code> finish_connecting();

private:
    error_code join_reactor();
    void take_left() noexcept {
        if (left_ > 0) take_from_socket(std::exchange(left_, 0));
    }
    void take_from_socket(std::size_t count) noexcept;
    /// The flag of a direction that makes a wait necessary.
    bool& is_exhausted(readiness direction) noexcept {
        return direction == readiness::readable ? is_drained_ : is_full_;
    }

    boost::asio::io_context& context_;
    unique_fd socket_;
    boost::asio::detail::reactor* reactor_ = nullptr;  // set while registered
    boost::asio::detail::reactor::per_descriptor_data registration_{};
    // False while bytes, or the end of the stream, may be there that no edge will announce.
    bool is_drained_ = false;
    std::size_t left_ = 0;  // bytes that were read and are still in the socket
    // True when the kernel took nothing, so that it will announce room.
    bool is_full_ = false;
    bool is_paced_ = false;
    // The kernel says with each read what is left (TCP_INQ); a unix socket does not.
    bool tells_rest_ = true;
};

}  // namespace fairlead::net
