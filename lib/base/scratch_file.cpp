#include "base/scratch_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace fairlead {

result<unique_fd> open_scratch_file() {
    std::error_code failed;
    const auto folder = std::filesystem::temp_directory_path(failed);
    if (failed) return errno_code(failed.value());
    unique_fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) return last_error();
    return file;
}

error_code write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace fairlead
