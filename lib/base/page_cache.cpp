#include "base/page_cache.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace fairlead {
namespace {

bool is_byte_resident(int fd, std::uint64_t offset) noexcept {
    char byte;
    const iovec piece{&byte, 1};
    return ::preadv2(fd, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT) >= 0 || errno != EAGAIN;
}

}  // namespace

bool is_resident(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
    return length == 0 || is_byte_resident(fd, offset + length - 1);
}

error_code read_ahead(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
    // readahead(2) starts the whole slice at once, but does not wait for it; reading does.
    (void)::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
    std::array<char, 64 * 1024> sink;
    for (std::uint64_t done = 0; done < length;) {
        const auto n = ::pread(fd, sink.data(), std::min<std::uint64_t>(sink.size(), length - done),
                               static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        if (n == 0) break;
        done += static_cast<std::uint64_t>(n);
    }
    return {};
}

}  // namespace fairlead
