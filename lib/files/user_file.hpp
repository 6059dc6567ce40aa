#pragma once

#include "files/file_info.hpp"
#include "files/user_table.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace fairlead::files {

/// A file of users that is read again when it changes.
///
/// It is taken only when it is a regular file of at most 64 MiB, nobody but its owner may write it, and those
/// who are neither its owner nor of its group may not read it: who may write it lets himself in, and who may
/// read the hashes can try passwords at home, where nothing throttles him. Its group may read it, since that
/// is how a server gets to a file that belongs to root.
class user_file {
public:
    /// Reads the file. Throws std::runtime_error with the sentence that says why it is not taken.
    explicit user_file(std::string path);

    const std::string& path() const noexcept { return path_; }

    /// Those who are known now. From any thread.
    std::shared_ptr<const user_table> users() const;

    /// What a look at the file found.
    struct news {
        bool has_new_users = false;
        std::string fault;  ///< why the users stay those that were known; told once for one state of the file
    };
    /// Looks whether it has changed, to be called about once a second by one thread; may block. A file that
    /// was put in the place of another (`mv`) is read at once, one that was written in place when two looks
    /// have found it the same: it may be half there.
    news look();

private:
    using state = std::optional<file_info>;  ///< nothing: there is no such file

    http::parse_result<user_table> read(file_info& seen) const;

    const std::string path_;
    mutable std::mutex mutex_;
    std::shared_ptr<const user_table> users_;  // by `mutex_`
    // Of the thread that looks:
    state taken_;   // read, or refused
    state latest_;  // when it was last looked at
};

}  // namespace fairlead::files
