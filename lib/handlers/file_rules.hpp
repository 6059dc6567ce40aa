#pragma once

#include "files/open_files.hpp"
#include "http/cache_rules.hpp"
#include "http/field_rules.hpp"
#include "http/media_type.hpp"
#include "http/type_policy.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {

/// What a part of a site says about its files. Immutable once built.
struct file_rules {
    std::string url_prefix = "/";  ///< what the files are mounted at; begins and ends with '/'
    http::type_policy types;       ///< which extensions may be served, and how
    const http::media_type_table* media_types = nullptr;
    http::cache_rules caching;
    http::field_rules fields;                           ///< what these override is left out of heads
    std::vector<http::content_coding> codings;          ///< in order of preference; empty: no compression
    std::vector<http::content_coding> sibling_codings;  ///< of files beside a file
    std::vector<std::string> coded_types;               ///< media types that are compressed on the fly
    std::uint64_t coded_size = 0;                       ///< least size of a file for that
    /// Extensions of scripts: files that have one of them anywhere in their names ("a.php", "a.php.gz",
    /// "a.php.bak", "a.php~") are never sent.
    std::vector<std::string> script_extensions;
    std::string extra;  ///< field lines that are added to each head, each with its CRLF
};

/// Whether clients may know of a file at `path` (where it really lies, relative to the root), and get it.
bool may_serve(const file_rules& rules, std::string_view path);

/// Whether the name of a file at `path` is that of a script, or of a copy or a coded form of one.
bool is_script_source(const file_rules& rules, std::string_view path);

/// Whether a name on the way to `path` (relative to the root) begins with a dot, and such names are hidden.
bool is_hidden_below_root(const file_rules& rules, std::string_view path);

/// The field lines that every answer with this file begins with: Content-Type (always the first),
/// Content-Disposition where the policy says attachment, Repr-Digest of an upload, ETag, Last-Modified,
/// Cache-Control, Accept-Ranges, Content-Encoding and Vary where they apply; and those of a 304. Empty when
/// the file may not be served.
files::file_head head_of(const file_rules& rules, std::string_view path, const files::open_file& file);

/// The codings in which a file at `path` may have siblings: none for what is no text or code.
std::span<const http::content_coding> sibling_codings_of(const file_rules& rules, std::string_view path);

/// The entity tag of a file in a coding that is made when it is asked for: derived from the file's own, so
/// that it is known before.
std::string coded_entity_tag(std::string_view etag, http::content_coding coding);

}  // namespace fairlead::handlers
