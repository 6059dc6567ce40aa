#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "base/unique_fd.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace fairlead::handlers {

/// The begin of an answer that was taken in before its client took it: a file without a name in the folder
/// for temporary files (TMPDIR), written first and read afterwards, each byte once.
class answer_spool {
public:
    /// `disk` outlives it.
    explicit answer_spool(boost::asio::thread_pool& disk) noexcept : disk_(disk) {}

    /// Moves `bytes` to the end of the file. Error: an errno; then nothing was moved, and nothing can be any
    /// more.
    task<error_code> append(std::string& bytes);

    /// Bytes that were moved.
    std::uint64_t size() const noexcept { return size_; }
    bool is_read() const noexcept { return read_ == size_; }

    /// The next bytes, at least one; unless is_read(). Error: an errno.
    task<result<std::size_t>> read_some(std::span<char> buffer);

private:
    boost::asio::thread_pool& disk_;
    unique_fd file_;
    std::uint64_t size_ = 0;
    std::uint64_t read_ = 0;
};

}  // namespace fairlead::handlers
