#include "files/openat2.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::files {

int openat2(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) noexcept {
    open_how how{};
    how.flags = flags;
    how.resolve = resolve;
    for (;;) {
        const auto fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || errno != EINTR) return static_cast<int>(fd);
    }
}

}  // namespace fairlead::files
