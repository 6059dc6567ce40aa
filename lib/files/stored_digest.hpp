#pragma once

#include "base/sha.hpp"
#include "files/file_info.hpp"

#include <optional>
#include <string>

namespace fairlead::files {

/// The SHA-256 of a stored file's content, kept with the file in an extended attribute, together with size
/// and mtime: a file that was written again since has none. (The ctime cannot be part of it: it changes when
/// the file gets its name.)

/// Keeps `digest` with the file, which is as `info` says. Must precede the fsync that makes it durable.
/// Errors: the errno of fsetxattr; ENOTSUP on a file system without such attributes.
error_code keep_digest(int fd, const file_info& info, const sha_digest& digest) noexcept;

/// The digest that was kept with the file that is as `info` says, or nothing.
std::optional<sha_digest> kept_digest(int fd, const file_info& info) noexcept;

/// Keeps with a file which request it came with: a mark of the caller's. As `keep_digest`.
error_code keep_mark(int fd, const sha_digest& mark) noexcept;
std::optional<sha_digest> kept_mark(int fd) noexcept;

/// A strong entity tag for content with this digest, with its quotes.
std::string make_entity_tag(const sha_digest& digest);

/// The entity tag of a stored file: by its digest, if it has one, else by its metadata.
std::string entity_tag_of(int fd, const file_info& info);

}  // namespace fairlead::files
