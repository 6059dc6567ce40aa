// Preloaded into the server to leave out one step of its durability, so that `mutants` can see that the proof
// notices. POWER_MUTANT chooses:
//
//     no_file_sync         fsync and fdatasync of a regular file do nothing
//     no_directory_sync    fsync of a directory does nothing
//     no_sync              both
//     late_directory_sync  fsync of a directory returns at once; 50 ms later it is done
//     late_file_sync       the same for regular files
//     late_sync            both
//     link_before_sync     a file is synced after it got its name, before the directory is
//     no_mkdir_sync        the first fsync of a directory after a mkdir does nothing
//     no_key_sync          nothing below .fairlead-keys is synced
//
// syncfs is left alone: the start makes what is there durable, and the proof begins after it.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view temporary_prefix = ".fairlead-tmp-";

// Long enough that others commit in between.
constexpr auto late = 50ms;
constexpr auto between_name_and_data = 5ms;

std::string_view mutant() {
    static const char* const chosen = std::getenv("POWER_MUTANT");
    return chosen ? chosen : "";
}

template <typename Function>
Function* real(Function*, const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

thread_local std::vector<int> waits_for_name;  ///< link_before_sync: copies of files whose sync was put off
thread_local bool made_directory = false;      ///< no_mkdir_sync: since the last fsync of a directory

bool is_directory(int fd) {
    struct stat about{};
    return ::fstat(fd, &about) == 0 && S_ISDIR(about.st_mode);
}

/// Where the file is, as the kernel tells it; empty when it does not.
std::string place_of(int fd) {
    char place[4096];
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), place, sizeof place);
    return length > 0 ? std::string(place, static_cast<std::size_t>(length)) : std::string();
}

bool is_key(int fd) { return place_of(fd).find("/.fairlead-keys") != std::string::npos; }

/// Without a name, or with one that is no document's: what a commit syncs before it names it.
bool has_no_name_yet(int fd) {
    const auto place = place_of(fd);
    return place.ends_with(" (deleted)") || place.find(temporary_prefix) != std::string::npos;
}

void sync_later(int fd) {
    std::thread([copy = ::dup(fd)] {
        std::this_thread::sleep_for(late);
        real(&::fsync, "fsync")(copy);
        ::close(copy);
    }).detach();
}

/// Whether this sync is the step that the mutant leaves out or puts off.
bool is_left_out(int fd) {
    const auto which = mutant();
    if (which == "no_key_sync") return is_key(fd);
    const bool directory = is_directory(fd);
    const bool is_late =
        which == "late_sync" || which == (directory ? "late_directory_sync" : "late_file_sync");
    if (is_late) sync_later(fd);
    const bool is_after_mkdir = directory && std::exchange(made_directory, false);
    const bool waits = which == "link_before_sync" && !directory && has_no_name_yet(fd);
    if (waits) waits_for_name.push_back(::dup(fd));
    return is_late || waits || which == "no_sync" || (which == "no_mkdir_sync" && is_after_mkdir) ||
           which == (directory ? "no_directory_sync" : "no_file_sync");
}

/// After a call that gave a name: now the data that should have come before it.
int named(int result, const char* name) {
    const std::string_view path(name);
    const auto last = path.substr(path.rfind('/') + 1);
    if (result != 0 || waits_for_name.empty() || last.starts_with(temporary_prefix)) return result;
    std::this_thread::sleep_for(between_name_and_data);
    for (const int fd : std::exchange(waits_for_name, {})) {
        real(&::fsync, "fsync")(fd);
        ::close(fd);
    }
    return result;
}

}  // namespace

extern "C" {

int fsync(int fd) { return is_left_out(fd) ? 0 : real(&::fsync, "fsync")(fd); }

int fdatasync(int fd) { return is_left_out(fd) ? 0 : real(&::fdatasync, "fdatasync")(fd); }

int linkat(int from, const char* old_name, int to, const char* new_name, int flags) noexcept {
    return named(real(&::linkat, "linkat")(from, old_name, to, new_name, flags), new_name);
}

int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
    return named(real(&::renameat, "renameat")(from, old_name, to, new_name), new_name);
}

int renameat2(int from, const char* old_name, int to, const char* new_name, unsigned flags) noexcept {
    return named(real(&::renameat2, "renameat2")(from, old_name, to, new_name, flags), new_name);
}

int mkdirat(int at, const char* name, mode_t mode) noexcept {
    const int result = real(&::mkdirat, "mkdirat")(at, name, mode);
    made_directory = true;
    return result;
}
}
