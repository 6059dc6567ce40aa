#pragma once

#include "files/sandbox.hpp"
#include "handlers/file_rules.hpp"
#include "http/problem.hpp"

#include <atomic>
#include <chrono>
#include <string_view>

namespace fairlead::handlers {

/// The page, or the JSON, that says what is in a folder, as far as it is served.
class folder_listing {
public:
    /// What is referred to outlives the listing.
    folder_listing(const files::sandbox& root, const file_rules& rules, std::chrono::milliseconds retry_after)
        : root_(root), rules_(rules), retry_after_(retry_after) {}

    /// `folder` is relative to the root: empty, or with a slash at its end. Blocks: for a thread of the pool.
    http::outcome list(const http::request& request, std::string_view folder);

private:
    const files::sandbox& root_;
    const file_rules& rules_;
    const std::chrono::milliseconds retry_after_;
    std::atomic<int> being_sent_{0};
};

}  // namespace fairlead::handlers
