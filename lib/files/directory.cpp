#include "files/directory.hpp"

#include "base/file_time.hpp"
#include "base/open_folder.hpp"
#include "files/file_info.hpp"
#include "http/target.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace fairlead::files {
namespace {

using http::entry_kind;
using http::listing_entry;

/// Whether a request for the name reaches the name.
bool can_be_asked_for(std::string_view name, std::string& storage) {
    const auto asked = http::encode_path(name);
    const auto path = http::normalise_path(asked, storage);
    return path && path->substr(1) == name;
}

/// Whether the process lacks something, and a later try may find what this one did not.
bool is_shortage(const error_code& error) noexcept {
    const auto value = error.value();
    return error.category() == boost::system::system_category() &&
           (value == EMFILE || value == ENFILE || value == ENOMEM);
}

std::optional<entry_kind> kind_of(mode_t mode) noexcept {
    if (S_ISREG(mode)) return entry_kind::file;
    if (S_ISDIR(mode)) return entry_kind::directory;
    return std::nullopt;
}

/// One walk over a directory.
class reader {
public:
    reader(const sandbox& root, const entry_filter& shows) : root_(root), shows_(shows) {}

    /// Opens the directory, and finds out where it lies.
    error_code open(std::string_view relative);
    error_code read(std::size_t most, directory_contents& found);
    std::string_view lies_at() const noexcept { return std::string_view(path_).substr(0, base_); }

private:
    /// What is known of an entry, or nothing when it is left out.
    using sight = result<std::optional<listing_entry>>;

    error_code place(const file_info& info, sandbox::opened& opened, std::string_view relative);
    sight look_at(std::string_view name);
    sight follow(std::string_view name);

    const sandbox& root_;
    const entry_filter& shows_;
    open_folder stream_;
    std::string path_;      ///< of the directory with a slash at its end, then of the entry at hand
    std::size_t base_ = 0;  ///< bytes of `path_` that are the directory's
    std::string storage_;
};

error_code reader::open(std::string_view relative) {
    while (relative.ends_with('/')) relative.remove_suffix(1);
    auto opened = root_.open_file(relative);
    if (!opened) return opened.error();
    const auto info = inspect(opened->fd.get());
    if (!info) return info.error();
    if (info->kind != file_kind::directory) return errno_code(ENOTDIR);
    if (const auto error = place(*info, *opened, relative)) return error;
    if (!shows_(path_, entry_kind::directory)) return errno_code(ENOENT);
    if (!path_.empty()) path_ += '/';
    base_ = path_.size();
    stream_ = read_folder(std::move(opened->fd));
    if (!stream_) return last_error();
    return {};
}

/// Finds out where an opened directory lies.
error_code reader::place(const file_info& info, sandbox::opened& opened, std::string_view relative) {
    const auto root = root_.open_file("");
    if (!root) return root.error();
    const auto root_info = inspect(root->fd.get());
    if (!root_info) return root_info.error();
    // An empty final path is that of a link to the root, too.
    if (info.device == root_info->device && info.inode == root_info->inode) return {};
    path_ = opened.final_path.empty() ? std::string(relative) : std::move(opened.final_path);
    return {};
}

error_code reader::read(std::size_t most, directory_contents& found) {
    std::size_t names = 0;
    for (;;) {
        errno = 0;
        const auto* const next = ::readdir(stream_.get());
        if (!next) return errno == 0 ? error_code() : last_error();
        const std::string_view name(next->d_name);
        if (name == "." || name == "..") continue;
        if (names / names_per_entry >= most) break;
        ++names;
        auto entry = look_at(name);
        if (!entry) return entry.error();
        if (!*entry) continue;
        if (found.entries.size() == most) break;
        found.entries.push_back(std::move(**entry));
    }
    found.is_truncated = true;
    return {};
}

reader::sight reader::look_at(std::string_view name) {
    if (!can_be_asked_for(name, storage_)) return std::nullopt;
    path_.resize(base_);
    path_ += name;
    struct stat about{};
    if (::fstatat(::dirfd(stream_.get()), path_.c_str() + base_, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        const auto error = last_error();
        // Else it was removed meanwhile, or may not be looked at.
        if (is_shortage(error)) return error;
        return std::nullopt;
    }
    if (S_ISLNK(about.st_mode)) return follow(name);
    const auto kind = kind_of(about.st_mode);
    if (!kind || !shows_(path_, *kind)) return std::nullopt;
    return listing_entry{std::string(name), *kind,
                         *kind == entry_kind::file ? static_cast<std::uint64_t>(about.st_size) : 0,
                         nanoseconds_of(about.st_mtim), std::nullopt};
}

reader::sight reader::follow(std::string_view name) {
    const auto target = root_.open_file(path_);
    if (!target) {
        if (is_shortage(target.error())) return target.error();
        return std::nullopt;
    }
    const auto info = inspect(target->fd.get());
    if (!info || info->kind == file_kind::special) return std::nullopt;
    const auto is_file = info->kind == file_kind::regular;
    const auto kind = is_file ? entry_kind::file : entry_kind::directory;
    if (!shows_(target->final_path, kind)) return std::nullopt;
    return listing_entry{std::string(name), kind, is_file ? info->size : 0, info->mtime_ns,
                         target->final_path};
}

}  // namespace

result<directory_contents> read_directory(const sandbox& root, std::string_view relative,
                                          const entry_filter& shows, std::size_t most) {
    directory_contents found;
    reader walk(root, shows);
    if (const auto error = walk.open(relative)) return error;
    found.lies_at = walk.lies_at();
    if (const auto error = walk.read(most, found)) return error;
    return found;
}

}  // namespace fairlead::files
