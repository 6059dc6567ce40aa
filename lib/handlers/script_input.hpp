#pragma once

#include "base/unique_fd.hpp"
#include "http/message.hpp"
#include "http/problem.hpp"
#include "limits/work_limit.hpp"
#include "net/body_feed.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::handlers {

/// The body of a request as the standard input of a script. What is taken in before the script starts is at
/// most `first` bytes of a body whose length is known: what is longer is passed on from there while it comes
/// (input_pieces), if there is a place among `streams` for it. So a slow client with a small body holds none
/// of the places that scripts have, those with large ones hold only some of them, and a large body needs no
/// room. What comes in chunks is taken in whole, since CONTENT_LENGTH has to be known when the script starts.
/// Of what is taken in up to 64 KiB stay in memory; anything else goes to a file without a name in the folder
/// for temporary files.
class script_input {
public:
    /// Bytes of the buffer; of a body that fills it, and goes on or might, all goes to a file.
    static constexpr std::size_t buffer_size = 64 * 1024;

    /// How many of the places that scripts have may be held for clients that take their time, to send or to
    /// read: half of them, so that those clients, however slow and however many, leave the others for
    /// everybody else.
    static constexpr unsigned slow_share(unsigned places) noexcept { return places / 2; }

    /// At most `most` bytes. `streams` are the places of bodies that are passed on while they come. Both
    /// outlive it.
    script_input(boost::asio::thread_pool& disk, limits::work_limit& streams, std::uint64_t most)
        : disk_(disk), streams_(streams), most_(most) {}

    /// Reads the body to its end, or the first bytes of one that is longer and will be passed on from there.
    /// The refusal when it is too long (413), ends early, or cannot be kept.
    task<std::optional<http::problem>> receive(http::body_reader& body, std::uint64_t first);

    /// Bytes of the body, with those that are still to come.
    std::uint64_t size() const noexcept { return size_; }
    /// Bytes of it that were taken in.
    std::uint64_t taken() const noexcept { return taken_; }
    /// Where the rest comes from; nullptr when all was taken in.
    net::body_feed* rest() const noexcept { return rest_; }
    /// To be called when all of the rest has come: its place is free for another body.
    void end_stream() noexcept { stream_.reset(); }
    /// True when some of the rest was passed on: nobody else can be sent the body.
    bool is_spent() const noexcept { return is_spent_; }
    void spend() noexcept { is_spent_ = true; }

    /// Whether `bytes()` is what was taken in; else `file()` has it.
    bool is_in_memory() const noexcept { return !file_; }
    std::string_view bytes() const noexcept { return std::string_view(buffer_).substr(0, file_ ? 0 : used_); }
    /// What was taken in, when it is not in memory, for pread(2), once `settle` has succeeded.
    int file() const noexcept { return file_.get(); }
    /// Sees to it that all that is not in memory is in the file. Blocks. Error: an errno.
    error_code settle() { return file_ ? keep() : error_code{}; }

    /// A descriptor that reads the body from its first byte; for one that was taken in whole. Blocks for no
    /// disk, if it is in memory. Error: an errno. Only once.
    result<unique_fd> open();

private:
    http::problem too_long() const;
    task<std::optional<http::problem>> receive_until(http::body_reader& body, std::uint64_t end);
    error_code keep();

    boost::asio::thread_pool& disk_;
    limits::work_limit& streams_;
    std::optional<limits::work_limit::permit> stream_;
    const std::uint64_t most_;
    std::uint64_t size_ = 0;
    std::uint64_t taken_ = 0;
    net::body_feed* rest_ = nullptr;
    bool is_spent_ = false;
    std::string buffer_;  // of `buffer_size` bytes
    std::size_t used_ = 0;
    unique_fd file_;
};

}  // namespace fairlead::handlers
