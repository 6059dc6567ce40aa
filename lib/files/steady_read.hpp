#pragma once

#include "files/file_info.hpp"

#include <cstdint>
#include <string>

namespace fairlead::files {

// Reading what somebody else may be writing in place, so that bytes and times belong together. Two equal
// looks at the times do not say it all: a write sets them when it begins, so all who look while it goes on
// see the same. Of a file that was changed a moment ago its writer is waited for, therefore.

struct steady_limits {
    std::uint64_t size;  ///< most bytes
    bool may_block;      ///< else only what is in the page cache is read
};

/// Fills `content` with what lay in the file at one moment, and brings `info`, the last look at `fd`, up to
/// date with it. One that `is_fresh`, or changes meanwhile, is read twice, with a wait for its writer
/// between. Errors, with `content` empty: EAGAIN where that would block; errc::file_changed when the file is
/// written all the time, or has more than the limit; the errno of the read.
error_code read_steady(int fd, file_info& info, std::string& content, bool is_fresh, steady_limits most);

/// Brings `info` up to date with a moment at which no write was under way, so that each later one shows in
/// the times. errc::file_changed: the file is written all the time. Blocks.
error_code await_steady(int fd, file_info& info);

}  // namespace fairlead::files
