#include "files/unnamed_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace fairlead::files {

unnamed_files::unnamed_files(int directory, const std::string& trial_name, unnamed_file_forms allowed) {
    if (!allowed.unnamed) return;
    const auto works = [&](form how) {
        const auto file = open(directory, 0600);
        if (!file || link_by(how, file.get(), directory, trial_name)) return false;
        ::unlinkat(directory, trial_name.c_str(), 0);
        return true;
    };
    if (allowed.empty_path && works(form::empty_path))
        form_ = form::empty_path;
    else if (allowed.proc && works(form::proc))
        form_ = form::proc;
}

unique_fd unnamed_files::open(int directory, mode_t mode) noexcept {
    // Without O_EXCL, which would forbid to link it later (open(2)).
    return unique_fd(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
}

error_code unnamed_files::link_by(form how, int file, int directory, const std::string& name) noexcept {
    if (how == form::empty_path) {
        if (::linkat(file, "", directory, name.c_str(), AT_EMPTY_PATH) == 0) return {};
        return last_error();
    }
    char source[32];
    std::snprintf(source, sizeof source, "/proc/self/fd/%d", file);
    if (::linkat(AT_FDCWD, source, directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
    return last_error();
}

}  // namespace fairlead::files
