#include "config/file_text.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace fairlead::config {

result<std::string> read_text(const std::filesystem::path& name, std::size_t most) {
    const unique_fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (file.get() < 0) return last_error();
    std::string text;
    std::array<char, 16 * 1024> piece{};
    for (;;) {
        const auto got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_error();
        if (got == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > most) return make_error_code(errc::too_large);
    }
}

}  // namespace fairlead::config
