#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// Most bytes of one name: what Linux file systems take.
inline constexpr std::size_t max_name_bytes = 255;
/// Most bytes of a path of names.
inline constexpr std::size_t max_upload_path_bytes = 1024;
/// Most names in a path.
inline constexpr std::size_t max_upload_path_depth = 32;

/// What is wrong with a file name that a client chose, percent-decoded: one sentence for the client that says
/// what to do about it; nothing when the name can be used. Names are kept as they are, never mended, so that
/// what was asked for is what is there. Besides what no file system takes, refused are
///   - a dot at the front: hidden files, and our temporaries
///   - a space or '-' at the front, a space or dot at the end: what `rm *` takes for an option, what nobody
///     sees, and what Windows drops, which makes two names one
///   - control characters, line ends and those that turn the direction of text: U+0000 to U+001F, U+007F to
///     U+009F, U+2028, U+2029, U+202A to U+202E, U+2066 to U+2069
///   - \ : * ? " < > | and the devices of Windows (con, nul.txt, com1, ...): such a file cannot be copied to
///     Windows, or becomes a stream of another (':')
std::optional<std::string> fault_of_upload_name(std::string_view name);

/// The same for a path below a route, "a/b/c.txt" without a slash at either end: one to 32 names that can be
/// used, joined by single slashes, 1,024 bytes at most.
std::optional<std::string> fault_of_upload_path(std::string_view path);

/// The extension, with its dot, of a file that we name, for a value of Content-Type; ".bin" when none fits,
/// and when the value is empty or malformed. Never one that a web server or a browser gives life to: HTML,
/// scripts, SVG and all other XML become ".txt". We would serve them sandboxed and as attachments, but
/// whoever opens them from the disk, or puts another server over the directory, does not know that.
std::string_view extension_for(std::string_view content_type) noexcept;

/// What stands behind the last slash or backslash of a file name in a form: old browsers send whole paths,
/// others "C:\fakepath\x.png". May be empty, or anything else that `fault_of_upload_name` finds fault with.
std::string_view base_name_of(std::string_view filename) noexcept;

}  // namespace fairlead::http
