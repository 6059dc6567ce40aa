#pragma once

#include "files/open_files.hpp"
#include "handlers/file_rules.hpp"
#include "http/problem.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::handlers {

/// Which files of a folder are scripts.
struct script_rules {
    std::vector<std::string> extensions;  ///< without dots; as they are, since names of files have a case
    std::vector<std::string> index;       ///< names tried for a path that ends in '/'
    std::vector<std::string> try_paths;   ///< tried when nothing is at the path
    bool listing = false;                 ///< whether a folder without an index file shows what is in it
};

/// A script that a request leads to: an existing regular file below the root.
struct found_script {
    std::string name;  ///< SCRIPT_NAME: the part of the path that names it; an index file's name is in it
    std::string path_info;  ///< PATH_INFO: what follows it; empty, or begins with '/'
    std::string file;       ///< where it really lies, relative to the root; no link leads there any more
};

/// Splits a path into script and path info, and says whether there is a script at all. A program opens the
/// file by its name, after this server has looked, so what it is given is checked here: an existing regular
/// file below the root, whose own name (not only that of a link to it) is a script's, and that is not hidden.
/// `/x.jpg/a.php` is no script, since nothing can be below a file.
class script_finder {
public:
    /// `rules` and `files` are those of the folder; they outlive the finder.
    script_finder(script_rules scripts, const file_rules& rules, files::open_files& files)
        : scripts_(std::move(scripts)), rules_(rules), files_(files) {}

    /// The script; nothing (std::monostate) when the path leads to none, so that it is a file's, or a missing
    /// one's; or the refusal, when the kernel says that it may not be opened.
    using found = std::variant<std::monostate, found_script, http::problem>;

    /// In this order: the shortest part of the path that is a script; for a path that ends in '/', the first
    /// index file that exists, when it is a script; where nothing exists, the first of `try_paths` that does,
    /// when it is one. Error: EAGAIN when the disk has to be asked and `may_block` is false.
    result<found> find(const http::request& request, bool may_block) const;

    /// True when a file of this name would be a script.
    bool is_script(std::string_view path) const noexcept;

private:
    struct place;
    // These leave the answer what it is, nothing, when they find none. Error: EAGAIN.
    error_code find_named(const place& asked, found& answer) const;
    error_code find_index(const place& asked, found& answer) const;
    std::optional<bool> is_there(const place& asked) const;
    error_code find_other(const place& asked, found& answer) const;
    bool is_shown(const place& asked, std::string_view relative) const;
    void take(const place& asked, std::string_view relative, std::size_t name_size,
              const files::open_file& file, found& answer) const;

    const script_rules scripts_;
    const file_rules& rules_;
    files::open_files& files_;
};

}  // namespace fairlead::handlers
