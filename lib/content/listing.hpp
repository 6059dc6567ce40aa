#pragma once

#include "http/listing_entry.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::content {

enum class listing_key { name, size, time };
enum class listing_form { html, json };

/// How a listing is shown.
struct listing_options {
    std::string path = "/";  ///< of the directory, decoded; begins and ends with '/'
    listing_key sort = listing_key::name;
    bool is_descending = false;
    listing_form form = listing_form::html;
    bool is_truncated = false;  ///< the directory has more entries than are shown
};

/// What a request asks for: `sort=name|size|time`, `order=asc|desc`, `format=html|json` of the query (without
/// '?'); unknown names and values are ignored, and the last of several counts. Without `format`, JSON when
/// `accept` prefers it (http::prefers_json). The path and `is_truncated` are left to the caller.
listing_options options_from(std::string_view query, std::string_view accept);

/// About so many bytes of text come at a time. The last entry of a piece, or the head of a page, may make it
/// longer; with the names and paths that a file system has, never longer than 64 KiB.
inline constexpr std::size_t listing_piece_bytes = 32 * 1024;

/// A directory listing as text, made piece by piece: what is held is the entries, whatever their text takes.
///
/// Directories come first; then the sort key, then names without ASCII case, then their bytes; names are
/// unique in a directory, so there is one order. The HTML is one page without script or outside resources;
/// its links are relative, and lead right from an address that ends in '/'. The JSON is
/// {"path":"/x/","entries":[{"name","type","size","modified"}...],"truncated":false}; a directory has no
/// size. Both are UTF-8 when path and names are.
class listing {
public:
    using sorted_entries = std::shared_ptr<const std::vector<http::listing_entry>>;

    /// Entries in the order that the options ask for; several listings may share them. Takes about 0.1 s for
    /// 100,000 of them: for a thread of the pool.
    static sorted_entries sort(std::vector<http::listing_entry> entries, const listing_options& options);

    /// `entries` are sorted as the options ask for.
    listing(sorted_entries entries, listing_options options);

    /// Appends the next piece. False, and nothing appended, when the text is complete.
    bool next(std::string& out);

private:
    void append_head(std::string& out) const;
    void append_row(std::string& out) const;
    void append_foot(std::string& out) const;

    sorted_entries entries_;
    listing_options options_;
    std::size_t at_ = 0;  ///< entries whose text was given
    bool is_begun_ = false;
    bool is_complete_ = false;
};

}  // namespace fairlead::content
