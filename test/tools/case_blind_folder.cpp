// A folder as FAT, NTFS and many shares show it, for tests: names are taken in any case, and a long one has a
// short second name ("PRIVAT~1" for "private papers", "ENV~1" for ".env"). What lies below FOLDER, whose own
// names are all in lower case, is shown at MOUNTPOINT, to be read only.
//
//     case_blind_folder FOLDER MOUNTPOINT     (stays in the foreground; ends when it is unmounted)

#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

int folder = -1;

std::string in_lower_case(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return text;
}

/// What FAT makes of a long name: letters and digits up to six, "~1", and three of the extension.
std::string short_name(const std::string& name) {
    const auto dot = name.rfind('.');
    const auto take = [](std::string_view from, std::size_t most) {
        std::string taken;
        for (const char c : from)
            if (c != '.' && c != ' ' && taken.size() < most) taken += c;
        return taken;
    };
    const bool has_extension = dot != std::string::npos && dot != 0;
    auto made = take(std::string_view(name).substr(0, has_extension ? dot : name.size()), 6) + "~1";
    if (has_extension) made += "." + take(std::string_view(name).substr(dot + 1), 3);
    return made;
}

/// The path below `folder` that a request means.
std::string find(const char* asked) {
    std::string found = ".";
    std::string_view rest(asked);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const auto name = in_lower_case(std::string(rest.substr(0, rest.find('/'))));
        rest.remove_prefix(name.size());
        if (name.empty()) continue;
        auto own = name;
        if (name.find('~') != std::string::npos) {
            if (DIR* all = ::fdopendir(::openat(folder, found.c_str(), O_RDONLY | O_DIRECTORY))) {
                while (const auto* entry = ::readdir(all))
                    if (short_name(entry->d_name) == name) own = entry->d_name;
                ::closedir(all);
            }
        }
        found += '/' + own;
    }
    return found;
}

int as_fuse_says(int result) { return result < 0 ? -errno : result; }

int attributes(const char* path, struct stat* found, fuse_file_info*) {
    return as_fuse_says(::fstatat(folder, find(path).c_str(), found, AT_SYMLINK_NOFOLLOW));
}

int list(const char* path, void* into, fuse_fill_dir_t add, off_t, fuse_file_info*, fuse_readdir_flags) {
    DIR* all = ::fdopendir(::openat(folder, find(path).c_str(), O_RDONLY | O_DIRECTORY));
    if (!all) return -errno;
    while (const auto* entry = ::readdir(all)) add(into, entry->d_name, nullptr, 0, fuse_fill_dir_flags{});
    ::closedir(all);
    return 0;
}

int open(const char* path, fuse_file_info* info) {
    const int fd = ::openat(folder, find(path).c_str(), O_RDONLY);
    if (fd < 0) return -errno;
    info->fh = static_cast<std::uint64_t>(fd);
    return 0;
}

int read(const char*, char* into, std::size_t size, off_t at, fuse_file_info* info) {
    return as_fuse_says(static_cast<int>(::pread(static_cast<int>(info->fh), into, size, at)));
}

int release(const char*, fuse_file_info* info) { return as_fuse_says(::close(static_cast<int>(info->fh))); }

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 || (folder = ::open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        std::fprintf(stderr, "usage: %s FOLDER MOUNTPOINT\n", argv[0]);
        return 2;
    }
    fuse_operations operations{};
    operations.getattr = attributes;
    operations.readdir = list;
    operations.open = open;
    operations.read = read;
    operations.release = release;
    char foreground[] = "-f";
    char* arguments[] = {argv[0], argv[2], foreground, nullptr};
    return fuse_main(3, arguments, &operations, nullptr);
}
