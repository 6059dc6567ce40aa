#pragma once

#include "files/file_info.hpp"
#include "files/sandbox.hpp"
#include "http/media_type.hpp"
#include "http/named_value.hpp"
#include "http/problem.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::site {

/// The pages that are sent with errors, in memory, so that an error needs no disk. Thread safe.
class error_pages {
public:
    error_pages() = default;
    /// `files` are statuses and paths below `root`; `null` is the built-in page. Throws std::runtime_error
    /// that names the page which cannot be read.
    error_pages(const std::vector<http::named_value>& files, const files::sandbox& root,
                const http::media_type_table& types);

    /// The page for a status; nullptr is the built-in one, and nothing is left to the level above.
    using found = std::shared_ptr<const http::error_page>;
    std::optional<found> find(http::status status) const;

    /// Reads pages that were replaced; what cannot be read stays as it was. May block.
    void refresh();

private:
    struct page {
        unsigned status;
        std::string path;  ///< relative to the root; empty for the built-in page
        std::string content_type;
        std::atomic<std::shared_ptr<const http::error_page>> current;
        files::file_info info;  ///< of the file that `current` was read from; refresh() alone touches it
    };
    bool read(page& one);

    const files::sandbox* root_ = nullptr;
    std::vector<std::unique_ptr<page>> pages_;
};

}  // namespace fairlead::site
