#pragma once

#include "content/listing.hpp"
#include "files/sandbox.hpp"
#include "handlers/file_rules.hpp"
#include "http/problem.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {

class folder_listing;

/// The memory that the listings of all folders hold: readings that are being sent, and those of late, which
/// others may ask for. Thread safe.
class listing_memory {
public:
    /// False: there is not so much left, although all readings of late were let go that nobody is sent.
    bool take(std::uint64_t bytes);
    void give_back(std::uint64_t bytes) noexcept { held_.fetch_sub(bytes); }
    /// Lets go what is too old to be shared. To be called about once a second.
    void let_go_old();

private:
    friend class folder_listing;
    bool try_take(std::uint64_t bytes) noexcept;

    std::atomic<std::uint64_t> held_{0};
    std::mutex mutex_;
    std::vector<folder_listing*> all_;
};

/// The page, or the JSON, that says what is in a folder, as far as it is served, and the rules of access let
/// who asks see it. Who asks for the same within a second shares what was read.
class folder_listing {
public:
    using clock = std::chrono::steady_clock;

    /// What is referred to outlives the listing.
    folder_listing(const files::sandbox& root, const file_rules& rules, listing_memory& memory,
                   std::chrono::milliseconds retry_after);
    ~folder_listing();
    folder_listing(const folder_listing&) = delete;
    folder_listing& operator=(const folder_listing&) = delete;

    /// `folder` is relative to the root: empty, or with a slash at its end. Blocks: for a thread of the pool.
    /// 404 when the folder is a link to one that who asks may not see. Errors: those of
    /// files::read_directory.
    result<http::outcome> list(const http::request& request, std::string_view folder);

    /// Lets readings go that were made before then.
    void let_go(clock::time_point made_before);

private:
    /// What was read of a folder, in one order.
    struct reading {
        std::string folder;
        std::string lies_at;  // below the root: not the folder where a link leads to another
        content::listing_key sort;
        bool is_descending;
        bool is_truncated = false;
        content::listing::sorted_entries entries;  // nullptr: there is no memory for them
        clock::time_point made;
    };

    result<reading> find(std::string_view folder, const content::listing_options& options);
    result<reading> read(std::string_view folder, const content::listing_options& options);
    content::listing::sorted_entries seen_by(const http::request& request, const reading& whole) const;
    content::listing::sorted_entries count_in(content::listing::sorted_entries entries);

    const files::sandbox& root_;
    const file_rules& rules_;
    listing_memory& memory_;
    const std::chrono::milliseconds retry_after_;
    std::mutex mutex_;
    std::list<reading> latest_;  // the newest first
};

}  // namespace fairlead::handlers
