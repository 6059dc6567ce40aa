#include "telemetry/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <climits>
#include <cstdio>
#include <system_error>
#include <utility>

namespace fairlead::telemetry {
namespace {

constexpr int patience_ms = 1000;
constexpr int most_attempts = 10;

unique_fd open_for_appending(const std::string& path) {
    // O_NONBLOCK means nothing to a file; with it a FIFO without a reader is an error and not a wait for
    // ever.
    return unique_fd(
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640));
}

bool is_regular(int fd) {
    struct stat info{};
    return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/// The part of `lines` to hand over at once. What a pipe takes in one piece arrives whole (write(2),
/// PIPE_BUF), so the piece ends with a line where that is possible.
std::string_view next_piece(std::string_view lines, bool is_regular) {
    if (is_regular || lines.size() <= PIPE_BUF) return lines;
    const auto end = lines.rfind('\n', PIPE_BUF - 1);
    return lines.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

}  // namespace

log_file::log_file(std::string path, int standard_stream)
    : path_(std::move(path)), standard_stream_(standard_stream), fd_(standard_stream) {
    if (!path_.empty()) {
        file_ = open_for_appending(path_);
        if (!file_)
            throw std::system_error(errno, std::system_category(), "cannot open the log file " + path_);
        fd_ = file_.get();
    }
    is_regular_ = is_regular(fd_);
}

std::uint64_t log_file::write(std::string_view lines) noexcept {
    const std::lock_guard guard(mutex_);
    if (is_line_cut_ && write_some("\n") == 1) is_line_cut_ = false;
    std::string_view rest = lines;
    while (!is_line_cut_ && !rest.empty()) {
        const std::size_t written = write_some(next_piece(rest, is_regular_));
        if (written == 0) break;
        rest.remove_prefix(written);
    }
    const std::size_t arrived = lines.size() - rest.size();
    if (arrived > 0) is_line_cut_ = lines[arrived - 1] != '\n';
    return static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
}

std::size_t log_file::write_some(std::string_view piece) noexcept {
    for (int attempt = 0; attempt < most_attempts && await_room(); ++attempt) {
        const ssize_t written = ::write(fd_, piece.data(), piece.size());
        if (written > 0) return static_cast<std::size_t>(written);
        if (written < 0 && errno != EINTR && errno != EAGAIN) return 0;
    }
    return 0;
}

error_code log_file::reopen() {
    if (path_.empty()) return {};
    unique_fd opened = open_for_appending(path_);
    if (!opened) {
        const error_code failure = last_error();
        ::dprintf(STDERR_FILENO, "fairlead: cannot reopen the log file %s (%s), the old one stays in use\n",
                  path_.c_str(), failure.message().c_str());
        return failure;
    }
    const std::lock_guard guard(mutex_);
    file_ = std::move(opened);
    fd_ = file_.get();
    is_regular_ = is_regular(fd_);
    is_stalled_ = false;
    is_line_cut_ = false;
    return {};
}

bool log_file::is_terminal() const noexcept {
    const std::lock_guard guard(mutex_);
    return ::isatty(fd_) == 1;
}

bool log_file::await_room() noexcept {
    if (is_regular_) return true;
    pollfd wanted{fd_, POLLOUT, 0};
    const int ready = ::poll(&wanted, 1, is_stalled_ ? 0 : patience_ms);
    is_stalled_ = ready == 0;
    return ready > 0 || (ready < 0 && errno == EINTR);
}

}  // namespace fairlead::telemetry
