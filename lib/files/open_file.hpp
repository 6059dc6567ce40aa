#pragma once

#include "base/sha.hpp"
#include "base/unique_fd.hpp"
#include "files/file_info.hpp"
#include "files/snapshot.hpp"
#include "http/content_coding.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::files {

/// What a site says with a file: made once, when it is opened.
struct file_head {
    std::string lines;  ///< field lines that every answer with the file has, each with CRLF; empty when it
                        ///< may not be served: what counts is where it really lies
    std::string unchanged;                        ///< those of a 304 (RFC 9110 section 15.4.5)
    std::optional<std::chrono::seconds> max_age;  ///< of its Cache-Control
    bool may_be_coded = false;  ///< may be compressed when that is asked for; never for what is coded already
};

/// One opened file, as it was when it was opened. Does not change; whoever holds it keeps the descriptor and
/// the content.
struct open_file {
    unique_fd fd;  ///< empty for special files, directories, and when its content is kept
    file_info info;
    std::string name;                  ///< the path that was asked for, relative to the root
    std::string final_path;            ///< where a link led, relative to the root; empty without link
    std::string etag;                  ///< with quotes; empty unless regular
    std::optional<sha_digest> digest;  ///< that was kept with an upload
    std::int64_t last_modified = 0;    ///< seconds since the epoch, never in the future
    std::string last_modified_text;    ///< IMF-fixdate
    file_head head;
    http::content_coding coding = http::content_coding::identity;  ///< of a sibling: what its content is in
    /// The same content in a coding, from a file of its own beside this one (`x.js.br`).
    std::vector<std::shared_ptr<const open_file>> siblings;
    bool has_content = false;  ///< `content` holds the whole file
    std::string content;
    snapshot pages;                                      ///< or this does
    std::chrono::system_clock::time_point copied_until;  ///< up to then it is sent by copying

    /// Where it really lies, relative to the root.
    const std::string& lies_at() const noexcept { return final_path.empty() ? name : final_path; }
    /// The whole of it, when it is kept in memory.
    std::optional<std::string_view> kept() const noexcept;
    /// Bytes of it and its siblings that are kept in memory.
    std::uint64_t kept_bytes() const noexcept;
    /// Those that are held open, itself and its siblings.
    std::size_t descriptors() const noexcept;
    /// Moves `content` into `pages`. Without memory for both at once it stays where it is.
    void move_to_pages();
    /// Whether an answer depends on Accept-Encoding.
    bool is_negotiable() const noexcept { return head.may_be_coded || !siblings.empty(); }
};

}  // namespace fairlead::files
