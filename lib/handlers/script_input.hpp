#pragma once

#include "base/unique_fd.hpp"
#include "http/message.hpp"
#include "http/problem.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// The body of a request as the standard input of a script: taken in whole before the script starts. So a
/// slow client holds none of the places that scripts have; CONTENT_LENGTH is right for bodies that come in
/// chunks; and a script may read it when it likes, or not at all, since nobody waits for it to do so. Less
/// than 64 KiB stay in memory; anything else goes to a file without a name in the folder for temporary
/// files.
class script_input {
public:
    /// Bytes of the buffer; a body that fills it goes to a file.
    static constexpr std::size_t buffer_size = 64 * 1024;

    /// At most `most` bytes. `disk` outlives it.
    script_input(boost::asio::thread_pool& disk, std::uint64_t most) : disk_(disk), most_(most) {}

    /// Reads the body to its end. The refusal when it is too long (413), ends early, or cannot be kept.
    task<std::optional<http::problem>> receive(http::body_reader& body);

    /// Bytes of the body.
    std::uint64_t size() const noexcept { return size_; }

    /// Whether `bytes()` is the body; else `open()` is the way to it.
    bool is_in_memory() const noexcept { return !file_; }
    /// All of the body, if it is in memory.
    std::string_view bytes() const noexcept { return std::string_view(buffer_).substr(0, file_ ? 0 : used_); }

    /// A descriptor that reads the body from its first byte. Blocks for no disk, if it is in memory. Error:
    /// an errno. Only once.
    result<unique_fd> open();

private:
    http::problem too_long() const;
    error_code keep();

    boost::asio::thread_pool& disk_;
    const std::uint64_t most_;
    std::uint64_t size_ = 0;
    std::string buffer_;  // of `buffer_size` bytes
    std::size_t used_ = 0;
    unique_fd file_;
};

}  // namespace fairlead::handlers
