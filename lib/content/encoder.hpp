#pragma once

#include "base/error.hpp"
#include "http/content_coding.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace fairlead::content {

/// Levels of compression, from the fastest to the smallest output; by default none.
struct level_range {
    int lowest = 0;
    int highest = -1;
    constexpr bool has(int level) const noexcept { return level >= lowest && level <= highest; }
};
inline constexpr level_range gzip_levels{1, 9};
inline constexpr level_range br_levels{0, 11};
inline constexpr level_range zstd_levels{1, 19};

/// The levels of a coding; none for identity.
constexpr level_range levels_of(http::content_coding coding) noexcept {
    switch (coding) {
        case http::content_coding::gzip: return gzip_levels;
        case http::content_coding::br: return br_levels;
        case http::content_coding::zstd: return zstd_levels;
        case http::content_coding::identity: break;
    }
    return {};
}

/// Encodes content as gzip (RFC 1952), br (RFC 7932) or zstd (RFC 8878) while it arrives. Output depends on
/// the input, the coding, the level and the hint alone, with one version of the libraries: gzip carries no
/// time and no name.
///
/// A decoder needs 32 KiB for gzip, 512 KiB for br (2 MiB at levels 10 and 11), 512 KiB to 2 MiB for zstd;
/// browsers refuse more than 8 MiB (RFC 9659). The memory of one encoder does not grow with the content;
/// measured with zlib 1.2.13, brotli 1.0.9 and zstd 1.5.4 without a hint, at most:
///
///     gzip  0.3 MiB
///     br    0: 0.4 MiB   1: 0.8   2-3: 3.6   4: 5.8   5: 6.6   6: 7.6   7: 14   8: 22   9: 40   10-11: 50
///     zstd  1: 1.4 MiB   2: 2   3: 3.5   4: 4.8   5-6: 5.8   7-8: 8.8   9: 15   10-11: 27   12-14: 51
///           15-18: 67   19: 84
///
/// A hint makes that less for small content, and the first bytes cheaper. It need not be right: a wrong one
/// costs compression or memory.
class encoder {
public:
    /// `level` is in the range of the coding. `size_hint`: bytes of content that are expected. What goes
    /// wrong here is the answer to the first call: std::errc::invalid_argument for identity or a level out of
    /// range, std::errc::not_enough_memory.
    encoder(http::content_coding coding, int level, std::optional<std::uint64_t> size_hint = {}) noexcept;
    ~encoder();
    /// An encoder that was moved from is good for nothing but being assigned to.
    encoder(encoder&&) noexcept;
    encoder& operator=(encoder&&) noexcept;

    /// Encodes the next bytes and appends to `out` what is ready, which may be nothing. Errors are final, and
    /// what was appended before is no complete stream: std::errc::not_enough_memory (a library's or that of
    /// `out`), std::errc::io_error for what the libraries never report when they work.
    error_code write(std::span<const char> in, std::string& out) noexcept;

    /// Ends the stream and appends the rest of it. Gives the memory back: all later calls answer
    /// std::errc::invalid_argument. Errors: as `write`.
    error_code finish(std::string& out) noexcept;

    /// One stream of a library; the source file has one for each coding.
    class stream;

private:
    error_code run(std::span<const char> in, bool is_last, std::string& out) noexcept;

    std::unique_ptr<stream> stream_;  ///< none after an error and after the end
    error_code why_closed_;           ///< what calls answer when there is no stream
};

}  // namespace fairlead::content
