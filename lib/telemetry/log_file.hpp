#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace fairlead::telemetry {

/// Where the lines of one log end up: a file, or a standard stream that was there already. Blocks while it
/// writes, so only the log's own thread calls `write`; the other functions may be called by any thread.
class log_file {
public:
    /// Opens `path` for appending (mode 0640 before the umask), or takes `standard_stream` (1 or 2) when it
    /// is empty. Throws std::system_error that names the path.
    log_file(std::string path, int standard_stream);

    /// Writes whole lines, each with its LF. Returns how many of them were lost: a full disk loses them at
    /// once, a pipe or terminal that nobody reads after one second, and further ones at once until it moves
    /// again.
    std::uint64_t write(std::string_view lines) noexcept;

    /// Opens the path again, for whoever renamed the file. On failure (its errno) the old file stays in use
    /// and standard error tells so. A standard stream has nothing to reopen.
    error_code reopen();

    bool is_terminal() const noexcept;

private:
    /// How much of `piece` was written; 0 when it is no use to go on.
    std::size_t write_some(std::string_view piece) noexcept;
    bool await_room() noexcept;

    const std::string path_;
    const int standard_stream_;
    mutable std::mutex mutex_;  ///< guards what follows
    unique_fd file_;
    int fd_ = -1;
    bool is_regular_ = false;   ///< never makes a writer wait for a reader
    bool is_stalled_ = false;   ///< the last wait for a reader was in vain
    bool is_line_cut_ = false;  ///< the last line that arrived lacks its end
};

}  // namespace fairlead::telemetry
