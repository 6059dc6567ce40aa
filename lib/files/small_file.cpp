#include "files/small_file.hpp"

#include "files/openat2.hpp"
#include "files/staged_file.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace fairlead::files {
namespace {

constexpr std::uint64_t most_bytes = 16ULL << 20;

}  // namespace

result<std::string> read_small_file(const store_directory& where, const std::string& name) {
    const unique_fd file(openat2(where.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC, linkless));
    if (!file) return last_error();
    const auto info = inspect(file.get());
    if (!info) return info.error();
    if (info->kind != file_kind::regular || info->size > most_bytes) return errc::too_large;
    std::string text(info->size, '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const auto n = ::read(file.get(), text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    text.resize(done);
    return text;
}

error_code write_small_file(upload_store& store, const std::shared_ptr<store_directory>& where,
                            const std::string& name, std::string_view text) {
    auto file = staged_file::create(store, where);
    if (!file) return file.error();
    if (const auto failed = file->write(text)) return failed;
    if (const auto failed = file->seal(std::nullopt)) return failed;
    const auto placed = file->place_new(name);
    return placed ? error_code{} : placed.error();
}

}  // namespace fairlead::files
