#include "base/exact_names.hpp"

#include "base/open_folder.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {
namespace {

namespace fs = std::filesystem;

// The first name with a letter decides nearly always; this bounds what a folder of hard links may cost.
constexpr std::size_t most_tries = 100;

// statfs(2): FAT, exFAT, NTFS (two drivers), CIFS, SMB2, HFS, HFS+.
constexpr std::array<std::uint32_t, 8> kinds_without_case{0x4d44,     0x2011bab0, 0x5346544e, 0x7366746e,
                                                          0xff534d42, 0xfe534d42, 0x4244,     0x482b};

open_folder open(const fs::path& folder) {
    return read_folder(unique_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

/// The name with small letters for large ones and the other way round, or nothing when it has none.
std::optional<std::string> in_other_case(const std::string& name) {
    auto other = name;
    for (auto& c : other) c = to_upper(c) == c ? to_lower(c) : to_upper(c);
    if (other == name) return std::nullopt;
    return other;
}

/// Nothing when the folder does not say.
std::optional<bool> is_there(DIR* folder, const char* name) {
    struct stat found{};
    if (::fstatat(::dirfd(folder), name, &found, AT_SYMLINK_NOFOLLOW) == 0) return true;
    if (errno == ENOENT) return false;
    return std::nullopt;
}

/// Whether a name is there that nobody has listed; nothing when the folder lists none that tells.
std::optional<bool> ask_names_in(DIR* folder) {
    std::set<std::string> unlisted;
    while (unlisted.size() < most_tries) {
        const auto* const entry = ::readdir(folder);
        if (!entry) break;
        auto other = in_other_case(entry->d_name);
        if (!other) continue;
        const auto found = is_there(folder, other->c_str());
        // One that has gone, or cannot be looked up under its own name, says nothing of the other.
        if (!found || is_there(folder, entry->d_name) != true) continue;
        if (!*found) return false;
        unlisted.insert(std::move(*other));
    }
    if (unlisted.empty()) return std::nullopt;
    ::rewinddir(folder);
    while (const auto* const entry = ::readdir(folder)) unlisted.erase(entry->d_name);
    return !unlisted.empty();
}

/// The same by the folder's own name, if that lies on the same file system.
std::optional<bool> ask_own_name(const fs::path& folder) {
    std::error_code failed;
    const auto whole = fs::canonical(folder, failed);
    if (failed || !whole.has_filename()) return std::nullopt;
    const auto above = open(whole.parent_path());
    const auto other = in_other_case(whole.filename().string());
    if (!above || !other) return std::nullopt;
    struct stat own{};
    struct stat outer{};
    const bool are_known = ::stat(whole.c_str(), &own) == 0 && ::fstat(::dirfd(above.get()), &outer) == 0;
    if (!are_known || own.st_dev != outer.st_dev) return std::nullopt;
    const auto found = is_there(above.get(), other->c_str());
    if (!found) return std::nullopt;
    return *found && !is_listed(above.get(), *other);
}

bool is_kind_without_case(int folder) {
    struct statfs found{};
    if (::fstatfs(folder, &found) != 0) return false;
    const auto kind = static_cast<std::uint32_t>(found.f_type);
    return std::find(kinds_without_case.begin(), kinds_without_case.end(), kind) != kinds_without_case.end();
}

bool ignores_case(const fs::path& folder) {
    const auto opened = open(folder);
    if (!opened) return false;
    int flags = 0;
    if (::ioctl(::dirfd(opened.get()), FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_CASEFOLD_FL) != 0)
        return true;
    if (const auto found = ask_names_in(opened.get())) return *found;
    if (const auto found = ask_own_name(folder)) return *found;
    return is_kind_without_case(::dirfd(opened.get()));
}

/// What is mounted below the folder; nothing without /proc.
std::vector<fs::path> mounts_below(const fs::path& folder) {
    std::vector<fs::path> found;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> table(::setmntent("/proc/self/mounts", "re"),
                                                                ::endmntent);
    if (!table) return found;
    const auto above = (folder / "").string();
    mntent entry{};
    std::array<char, 8192> text;
    while (::getmntent_r(table.get(), &entry, text.data(), static_cast<int>(text.size())))
        if (std::string_view(entry.mnt_dir).starts_with(above)) found.emplace_back(entry.mnt_dir);
    return found;
}

}  // namespace

bool has_unlisted_names(fs::path folder) {
    std::error_code unknown;
    while (!fs::exists(folder, unknown) && folder.has_relative_path()) folder = folder.parent_path();
    if (ignores_case(folder)) return true;
    const auto mounts = mounts_below(fs::weakly_canonical(folder, unknown));
    return std::any_of(mounts.begin(), mounts.end(), ignores_case);
}

}  // namespace fairlead
