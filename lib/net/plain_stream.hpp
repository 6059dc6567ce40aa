#pragma once

#include "base/unique_fd.hpp"
#include "net/byte_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <optional>

namespace fairlead::net {

/// A TCP connection without TLS. The descriptor joins the reactor when it is first waited for, so a connection whose
/// only request is there already costs no epoll call.
class plain_stream final : public byte_stream {
public:
    /// Takes over `socket`, which must be non-blocking.
    plain_stream(boost::asio::io_context& context, unique_fd socket) noexcept
        : context_(context), socket_(std::move(socket)) {}
    ~plain_stream() override { close(); }

    result<std::size_t> read_now(std::span<char> buffer) override;
    result<std::size_t> write_now(std::span<const iovec> pieces) override;
    result<std::size_t> send_file_now(int fd, std::uint64_t offset, std::size_t count) override;
    task<error_code> wait(readiness direction) override;
    void shutdown_send() noexcept override;
    void abort(abort_kind what) noexcept override;
    void close() noexcept override;

private:
    using descriptor = boost::asio::posix::basic_stream_descriptor<executor>;

    boost::asio::io_context& context_;
    unique_fd socket_;
    std::optional<descriptor> registered_;  // refers to socket_'s descriptor, does not own it
};

}  // namespace fairlead::net
