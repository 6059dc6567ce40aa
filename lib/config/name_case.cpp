#include "config/name_case.hpp"

#include "base/unique_fd.hpp"
#include "config/cross_checks.hpp"
#include "config/describe.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

namespace fairlead::config {
namespace {

namespace fs = std::filesystem;

// The first name with a letter decides nearly always; this bounds what a folder of hard links may cost.
constexpr std::size_t most_tries = 100;

struct folder_closer {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using open_folder = std::unique_ptr<DIR, folder_closer>;

open_folder open(const fs::path& folder) {
    unique_fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return nullptr;
    open_folder opened(::fdopendir(fd.get()));
    if (opened) (void)fd.release();
    return opened;
}

/// The name with small letters for large ones and the other way round, or nothing when it has none.
std::optional<std::string> in_other_case(std::string name) {
    bool has_letter = false;
    for (auto& c : name) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter) c = static_cast<char>(c ^ 0x20);
        has_letter |= is_letter;
    }
    if (!has_letter) return std::nullopt;
    return name;
}

bool is_there(DIR* folder, const std::string& name) {
    struct stat found{};
    return ::fstatat(::dirfd(folder), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
}

bool is_listed(DIR* folder, const std::string& name) {
    ::rewinddir(folder);
    while (const auto* const entry = ::readdir(folder))
        if (name == entry->d_name) return true;
    return false;
}

/// By what is in the folder: whether a name is there that nobody has listed. Nothing when no name in it has a
/// letter.
std::optional<bool> ask_names_in(DIR* folder) {
    std::set<std::string> unlisted;
    while (unlisted.size() < most_tries) {
        const auto* const entry = ::readdir(folder);
        if (!entry) break;
        auto other = in_other_case(entry->d_name);
        if (!other) continue;
        if (!is_there(folder, *other)) return false;
        unlisted.insert(std::move(*other));
    }
    if (unlisted.empty()) return std::nullopt;
    ::rewinddir(folder);
    while (const auto* const entry = ::readdir(folder)) unlisted.erase(entry->d_name);
    return !unlisted.empty();
}

/// By the folder's own name, if that lies on the same file system.
bool ask_own_name(const fs::path& folder) {
    std::error_code failed;
    const auto whole = fs::canonical(folder, failed);
    if (failed || !whole.has_filename()) return false;
    const auto above = open(whole.parent_path());
    const auto other = in_other_case(whole.filename().string());
    if (!above || !other) return false;
    struct stat own{};
    struct stat outer{};
    const bool are_known = ::stat(whole.c_str(), &own) == 0 && ::fstat(::dirfd(above.get()), &outer) == 0;
    if (!are_known || own.st_dev != outer.st_dev) return false;
    return is_there(above.get(), *other) && !is_listed(above.get(), *other);
}

/// What is mounted at the folder or below it; nothing without /proc.
std::vector<fs::path> mounts_below(const std::string& folder) {
    std::vector<fs::path> found;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> table(::setmntent("/proc/self/mounts", "re"),
                                                                ::endmntent);
    if (!table) return found;
    mntent entry{};
    std::array<char, 8192> text;
    while (::getmntent_r(table.get(), &entry, text.data(), static_cast<int>(text.size())))
        if (is_inside(entry.mnt_dir, folder)) found.emplace_back(entry.mnt_dir);
    return found;
}

/// The path pattern of a rule, behind its methods.
std::string_view pattern_of(std::string_view rule) noexcept {
    return rule.substr(std::min(rule.find('/'), rule.size()));
}

/// The folders below `directory` that lead to what the pattern is for, as far as it names them.
void add_named(std::string_view pattern, const std::string& path, const fs::path& directory,
               std::vector<fs::path>& folders) {
    if (!is_inside(std::string(pattern), path)) return;
    pattern.remove_prefix(path.size());
    auto folder = directory;
    std::error_code unknown;
    for (auto end = pattern.find('/', 1); end != std::string_view::npos; end = pattern.find('/', 1)) {
        const auto name = pattern.substr(1, end - 1);
        if (name.empty() || name.find_first_of("*?[{\\") != std::string_view::npos) return;
        folder /= name;
        if (!fs::is_directory(folder, unknown)) return;
        folders.push_back(folder);
        pattern.remove_prefix(end);
    }
}

}  // namespace

bool ignores_case(const fs::path& folder) {
    const auto opened = open(folder);
    if (!opened) return false;
    int flags = 0;
    if (::ioctl(::dirfd(opened.get()), FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_CASEFOLD_FL) != 0)
        return true;
    const auto found = ask_names_in(opened.get());
    return found ? *found : ask_own_name(folder);
}

std::optional<std::string> find_rules_without_case(const named_values& access, bool is_route,
                                                   const std::string& path, const std::string& directory) {
    const bool is_for_all = std::all_of(access.begin(), access.end(),
                                        [](const auto& rule) { return pattern_of(rule.name) == "/**"; });
    if (access.empty() || (is_for_all && !is_route)) return std::nullopt;
    std::vector<fs::path> folders{directory};
    for (const auto& rule : access) add_named(pattern_of(rule.name), path, directory, folders);
    for (auto& mounted : mounts_below(real_path(directory))) folders.push_back(std::move(mounted));
    for (const auto& folder : folders)
        if (ignores_case(folder))
            return "a name in " + quote(folder.string()) +
                   " may be written in any case, so that other spellings of a path (\"/Private\") would pass "
                   "the rules of access; put it on a file system that tells case apart, or have no rule but "
                   "for \"/**\"";
    return std::nullopt;
}

}  // namespace fairlead::config
