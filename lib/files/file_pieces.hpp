#pragma once

#include "files/open_files.hpp"

#include <span>
#include <string_view>

namespace fairlead::files {

/// Reads the content of an opened file from its beginning, piece by piece. Blocks, unless the content is in
/// memory. What it gave belongs to the file as it was opened only when the end was reached without an error.
class file_pieces {
public:
    /// Large enough that a call for each costs nothing, small enough to stay in a cache.
    static constexpr std::size_t piece_size = 64 * 1024;

    /// Views `file`.
    explicit file_pieces(const open_file& file) noexcept : file_(file) {}

    /// The next piece, in `buffer` or where the file has it; empty at the end. Errors: errc::file_changed
    /// when the file is not the one any more that was opened, or the errno of the read.
    result<std::span<const char>> next(std::span<char> buffer);

private:
    const open_file& file_;
    std::uint64_t at_ = 0;
};

}  // namespace fairlead::files
