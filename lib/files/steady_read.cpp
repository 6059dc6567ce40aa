#include "files/steady_read.hpp"

#include "base/release.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <utility>

namespace fairlead::files {
namespace {

// A file that somebody keeps writing is not read for ever.
constexpr int tries = 3;

/// Reads exactly `size` bytes; without `may_block` only from the page cache. Errors: EAGAIN (would block),
/// errc::file_changed (the file is shorter), the errno of the read.
error_code read_whole(int fd, std::string& out, std::uint64_t size, bool may_block) {
    out.resize(size);
    for (std::size_t done = 0; done < out.size();) {
        const iovec piece{out.data() + done, out.size() - done};
        const auto n = ::preadv2(fd, &piece, 1, static_cast<off_t>(done), may_block ? 0 : RWF_NOWAIT);
        if (n == 0) return errc::file_changed;
        if (n > 0) {
            done += static_cast<std::size_t>(n);
            continue;
        }
        if (errno == EINTR) continue;
        // A file system that does not know RWF_NOWAIT is asked by the pool.
        return !may_block && errno == EOPNOTSUPP ? errno_code(EAGAIN) : last_error();
    }
    return {};
}

/// Returns when a write that is under way has ended: it holds the lock of the inode, for which SEEK_DATA
/// waits (ext4, btrfs, tmpfs), or reads themselves do (xfs).
void wait_for_writer(int fd) noexcept { (void)::lseek(fd, 0, SEEK_DATA); }

/// errc::file_changed when `content` is not what lies in the file between two writes.
error_code compare(int fd, const std::string& content) {
    wait_for_writer(fd);
    std::string again;
    const auto failed = read_whole(fd, again, content.size(), true);
    return !failed && again != content ? make_error_code(errc::file_changed) : failed;
}

/// Makes an attempt after another until one is between two equal looks. One that ends with errc::file_changed
/// has seen a change, with any other error it is the last.
template <class Attempt>
error_code try_between_looks(int fd, file_info& info, const Attempt& attempt) {
    for (int i = 0; i < tries; ++i) {
        const error_code failed = attempt();
        if (failed && failed != errc::file_changed) return failed;
        const auto after = inspect(fd);
        if (!after) return after.error();
        if (!failed && *after == info) return {};
        info = *after;
    }
    return errc::file_changed;
}

}  // namespace

error_code read_steady(int fd, file_info& info, std::string& content, bool is_fresh, steady_limits most) {
    bool is_first = true;
    const auto failed = try_between_looks(fd, info, [&]() -> error_code {
        is_fresh = is_fresh || !std::exchange(is_first, false);
        if (is_fresh && !most.may_block) return errno_code(EAGAIN);
        if (info.size > most.size) return errc::file_changed;
        const auto unread = read_whole(fd, content, info.size, most.may_block);
        return !unread && is_fresh ? compare(fd, content) : unread;
    });
    if (failed) release(content);
    return failed;
}

error_code await_steady(int fd, file_info& info) {
    return try_between_looks(fd, info, [fd] {
        wait_for_writer(fd);
        return error_code{};
    });
}

}  // namespace fairlead::files
