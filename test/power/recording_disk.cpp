// A disk that remembers what was asked of it: a FUSE file system with one file, `disk`, whose writes and
// flushes are appended to a log in the order in which they were done. Below a loop device it is what a disk
// sees of a file system, and the log says what a power loss at any moment may leave of it.
//
//     recording_disk IMAGE LOG FLUSH_MICROSECONDS MOUNTPOINT
//
// IMAGE is what the disk holds at first; it is never changed. LOG begins with a page whose first eight bytes
// are the number of records so far, to be mapped by whoever wants to know the position. Behind it stand the
// records: kind (1 write, 2 flush), length, offset, then so many bytes. A flush takes FLUSH_MICROSECONDS
// before it counts, as it does on a real disk: an answer that comes too early then comes visibly early.
//
// One thread does everything, so that the order of the log is the order of the disk.

#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

namespace {

constexpr std::string_view disk_name = "/disk";
constexpr std::size_t log_head_bytes = 4096;

enum class record_kind : std::uint32_t { write = 1, flush = 2 };

struct record_head {
    record_kind kind;
    std::uint32_t length;
    std::uint64_t offset;
};
static_assert(sizeof(record_head) == 16);

struct recorded {
    char* bytes = nullptr;
    std::size_t size = 0;
    int log = -1;
    std::uint64_t* position = nullptr;  ///< in the log's first page, shared with those who ask
    std::chrono::microseconds flush_time{};
};

recorded state;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

/// Appends a record, and only then counts it: a position never names what is not in the log. A log that has a
/// gap would prove nothing, so a failure ends the program, and with it the disk.
void append(record_kind kind, std::uint64_t offset, const char* bytes, std::size_t length) {
    record_head head{kind, static_cast<std::uint32_t>(length), offset};
    const iovec parts[] = {{&head, sizeof head}, {const_cast<char*>(bytes), length}};
    const auto wanted = static_cast<ssize_t>(sizeof head + length);
    if (::writev(state.log, parts, length == 0 ? 1 : 2) != wanted) fail("log");
    std::atomic_ref(*state.position).fetch_add(1, std::memory_order_release);
}

void* begin(fuse_conn_info*, fuse_config* settings) {
    // Nothing may answer in our place: neither the kernel's pages nor its attributes.
    settings->direct_io = 1;
    settings->kernel_cache = 0;
    settings->nullpath_ok = 1;
    return nullptr;
}

int get_attributes(const char* path, struct stat* about, fuse_file_info*) {
    *about = {};
    if (!path || disk_name == path) {
        about->st_mode = S_IFREG | 0600;
        about->st_nlink = 1;
        about->st_size = static_cast<off_t>(state.size);
        return 0;
    }
    if (std::string_view(path) != "/") return -ENOENT;
    about->st_mode = S_IFDIR | 0700;
    about->st_nlink = 2;
    return 0;
}

int open_disk(const char* path, fuse_file_info*) { return disk_name == path ? 0 : -ENOENT; }

int read_disk(const char*, char* bytes, std::size_t length, off_t offset, fuse_file_info*) {
    const auto from = static_cast<std::size_t>(offset);
    if (from >= state.size) return 0;
    length = std::min(length, state.size - from);
    std::memcpy(bytes, state.bytes + from, length);
    return static_cast<int>(length);
}

int write_disk(const char*, const char* bytes, std::size_t length, off_t offset, fuse_file_info*) {
    const auto to = static_cast<std::size_t>(offset);
    if (to >= state.size || length > state.size - to) return -ENOSPC;
    std::memcpy(state.bytes + to, bytes, length);
    append(record_kind::write, to, bytes, length);
    return static_cast<int>(length);
}

int sync_disk(const char*, int, fuse_file_info*) {
    std::this_thread::sleep_for(state.flush_time);
    append(record_kind::flush, 0, nullptr, 0);
    return 0;
}

void map_image(const char* path) {
    const int image = ::open(path, O_RDONLY | O_CLOEXEC);
    struct stat about{};
    if (image < 0 || ::fstat(image, &about) != 0) fail(path);
    state.size = static_cast<std::size_t>(about.st_size);
    void* place = ::mmap(nullptr, state.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, image, 0);
    if (place == MAP_FAILED) fail(path);
    state.bytes = static_cast<char*>(place);
    ::close(image);
}

void open_log(const char* path) {
    state.log = ::open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (state.log < 0 || ::ftruncate(state.log, log_head_bytes) != 0) fail(path);
    if (::lseek(state.log, log_head_bytes, SEEK_SET) < 0) fail(path);
    void* head = ::mmap(nullptr, log_head_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, state.log, 0);
    if (head == MAP_FAILED) fail(path);
    state.position = static_cast<std::uint64_t*>(head);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: recording_disk IMAGE LOG FLUSH_MICROSECONDS MOUNTPOINT\n");
        return 2;
    }
    map_image(argv[1]);
    open_log(argv[2]);
    state.flush_time = std::chrono::microseconds(std::atol(argv[3]));
    fuse_operations operations{};
    operations.init = begin;
    operations.getattr = get_attributes;
    operations.open = open_disk;
    operations.read = read_disk;
    operations.write = write_disk;
    operations.fsync = sync_disk;
    // The kernel waits for us when it writes back: it must not make us wait for that in turn. Needs
    // CAP_SYS_RESOURCE; without, memory has to be short for it to matter.
    ::prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
    char foreground[] = "-f", single_threaded[] = "-s";
    char* arguments[] = {argv[0], foreground, single_threaded, argv[4], nullptr};
    return fuse_main(4, arguments, &operations, nullptr);
}
