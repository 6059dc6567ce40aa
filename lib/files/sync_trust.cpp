#include "files/sync_trust.hpp"

#include "base/text.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace fairlead::files {
namespace {

/// Empty when it cannot be read: then there is no /proc, and nothing is known.
std::string read_text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// The identity of the mount that an open file is on (proc(5), fdinfo).
std::string mount_id(int fd) {
    const auto about = read_text("/proc/self/fdinfo/" + std::to_string(fd));
    for (const auto& line : split(about, '\n'))
        if (line.starts_with("mnt_id:")) return std::string(trim(line.substr(7)));
    return {};
}

}  // namespace

std::string mount_options(std::string_view mountinfo, std::string_view id) {
    for (const auto& line : split(mountinfo, '\n')) {
        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        const auto words = split(line, ' ');
        if (words.size() >= 10 && words.front() == id)
            return std::string(words[5]) + "," + std::string(words.back());
    }
    return {};
}

sync_trust judge_syncs(unsigned long type, std::string_view options) {
    const auto words = split(options, ',');
    const auto has = [&](std::string_view option) {
        return std::find(words.begin(), words.end(), option) != words.end();
    };
    sync_trust verdict;
    verdict.is_container_layer = type == OVERLAYFS_SUPER_MAGIC;
    if (type == TMPFS_MAGIC || type == RAMFS_MAGIC)
        verdict.why_syncs_mean_nothing = "is in memory";
    else if (type == NFS_SUPER_MAGIC)
        verdict.why_syncs_mean_nothing = "is on NFS, whose server may answer before it has written";
    else if (type == OVERLAYFS_SUPER_MAGIC && has("volatile"))
        verdict.why_syncs_mean_nothing = "is on an overlay that is mounted volatile";
    else if (has("nobarrier") || has("barrier=0"))
        verdict.why_syncs_mean_nothing = "is mounted without write barriers";
    return verdict;
}

result<sync_trust> judge_syncs(int directory) {
    struct statfs about{};
    if (::fstatfs(directory, &about) != 0) return last_error();
    return judge_syncs(static_cast<unsigned long>(about.f_type),
                       mount_options(read_text("/proc/self/mountinfo"), mount_id(directory)));
}

}  // namespace fairlead::files
