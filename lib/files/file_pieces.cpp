#include "files/file_pieces.hpp"

#include <unistd.h>

#include <algorithm>

namespace fairlead::files {

result<std::span<const char>> file_pieces::next(std::span<char> buffer) {
    const auto left = file_.info.size - at_;
    if (const auto kept = file_.kept()) {
        const auto piece = kept->substr(at_, std::min<std::uint64_t>(left, piece_size));
        at_ += piece.size();
        return std::span<const char>(piece);
    }
    if (left == 0) {
        const auto now = inspect(file_.fd.get());
        if (!now) return now.error();
        const bool is_same = now->size == file_.info.size && now->mtime_ns == file_.info.mtime_ns;
        if (!is_same) return make_error_code(errc::file_changed);
        return std::span<const char>{};
    }
    for (;;) {
        const auto n = ::pread(file_.fd.get(), buffer.data(), std::min<std::uint64_t>(left, buffer.size()),
                               static_cast<off_t>(at_));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        if (n == 0) return make_error_code(errc::file_changed);
        at_ += static_cast<std::uint64_t>(n);
        return std::span<const char>(buffer.data(), static_cast<std::size_t>(n));
    }
}

}  // namespace fairlead::files
