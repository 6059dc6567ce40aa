#include "files/snapshot.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace fairlead::files {

result<unique_fd> make_snapshot(std::string_view bytes) noexcept {
    unique_fd memory(::memfd_create("fairlead-file", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory) return last_error();
    for (std::size_t done = 0; done < bytes.size();) {
        const auto n =
            ::pwrite(memory.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (n > 0)
            done += static_cast<std::size_t>(n);
        else if (n == 0 || errno != EINTR)
            return n == 0 ? errno_code(ENOSPC) : last_error();
    }
    // Not F_SEAL_WRITE, which waits until no processor has a hold on a page of it.
    constexpr int every_change = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
    if (::fcntl(memory.get(), F_ADD_SEALS, every_change) != 0) return last_error();
    return memory;
}

}  // namespace fairlead::files
