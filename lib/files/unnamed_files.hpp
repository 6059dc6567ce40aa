#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <string>

namespace fairlead::files {

/// What may be used to make files without a name, and to name them. A test takes some of it away; otherwise
/// kernel, capabilities and `/proc` decide.
struct unnamed_file_forms {
    bool unnamed = true;     ///< O_TMPFILE
    bool empty_path = true;  ///< linkat with AT_EMPTY_PATH
    bool proc = true;        ///< linkat from /proc/self/fd
};

/// New files that have no name until they get one, so that nothing is left of them when the process ends.
class unnamed_files {
public:
    /// There are none.
    unnamed_files() = default;
    /// Finds out whether `directory` has them and how they are named, by giving one of them `trial_name` for
    /// a moment.
    unnamed_files(int directory, const std::string& trial_name, unnamed_file_forms allowed);

    bool are_possible() const noexcept { return form_ != form::none; }

    /// A new file on the file system of `directory`, open for writing; empty, with errno, when there can be
    /// none.
    static unique_fd open(int directory, mode_t mode) noexcept;
    /// Gives `file` a name, if `are_possible`. Errors: EEXIST and whatever linkat says.
    error_code link(int file, int directory, const std::string& name) const noexcept {
        return link_by(form_, file, directory, name);
    }

private:
    enum class form { none, empty_path, proc };
    static error_code link_by(form how, int file, int directory, const std::string& name) noexcept;

    form form_ = form::none;
};

}  // namespace fairlead::files
