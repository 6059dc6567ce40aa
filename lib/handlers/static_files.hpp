#pragma once

#include "files/open_files.hpp"
#include "handlers/file_rules.hpp"
#include "handlers/file_sender.hpp"
#include "handlers/folder_listing.hpp"
#include "handlers/handler.hpp"
#include "limits/work_limit.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {

/// How a folder is served.
struct static_files_options {
    std::vector<std::string> index;      ///< names tried for a path that ends in '/'
    std::vector<std::string> try_paths;  ///< tried when there is no file; "$path" at the front is the path
    bool listing = false;                ///< whether a folder without index shows what is in it
    file_sender_options sending;
};

/// What the handlers of files work with; it outlives them.
struct file_services {
    coded_files& coded;
    boost::asio::thread_pool& disk;
    boost::asio::thread_pool& encoders;  ///< for work that takes a processor
    limits::work_limit& work;
    listing_memory& listings;
};

/// GET and HEAD of the files below a root, in this order:
///
///   1. hidden names 404, method 405: decided before the disk is touched
///      An extension that is not served is 415, unless a folder has it.
///   2. open through the sandbox, or from the cache of open files
///   3. a folder: its index file, a listing, or a redirect to the path with a slash
///   4. where there is nothing: what `try_paths` names
///   5. special files 403
///   6. what was opened, by `file_sender`
class static_files final : public handler {
public:
    /// `rules` and `files` outlive the handler.
    static_files(static_files_options options, const file_rules& rules, files::open_files& files,
                 const file_services& services);

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    using file_pointer = std::shared_ptr<const files::open_file>;
    using opened = result<file_pointer>;
    /// How far a look came. With nothing in it: the disk has to be asked.
    struct found {
        std::optional<http::outcome> outcome;
        std::optional<std::string> folder;  ///< to be listed: empty, or with its slash
        file_sender::unmade unmade;         ///< to be compressed, if it has a file
    };
    static found done(http::outcome&& outcome) { return {std::move(outcome), std::nullopt, {}}; }

    std::optional<http::outcome> refuse_early(const http::request& request) const;
    found look_and_list(const http::request& request);
    found look(const http::request& request, bool may_block) const;
    found look_for_folder(const http::request& request, std::string_view relative, bool may_block) const;
    bool may_know(const http::request& request, const std::string& final_path) const;
    found look_in_folder(const http::request& request, std::string_view folder, bool may_block) const;
    found try_others(const http::request& request, bool may_block, http::outcome&& otherwise) const;
    bool may_show(const http::request& request, std::string_view relative) const;
    bool may_show(const http::request& request, const files::open_file& file) const;
    found answer(const http::request& request, file_pointer file) const;
    found answer(const http::request& request, const asked_for& asked, file_pointer file) const;
    opened open(std::string_view relative, bool may_block) const;
    http::outcome redirect_to_folder(const http::request& request) const;
    std::string_view relative_path(const http::request& request) const noexcept;

    const static_files_options options_;
    const file_rules& rules_;
    files::open_files& files_;
    boost::asio::thread_pool& disk_;
    limits::work_limit& work_;
    const file_sender sender_;
    folder_listing listing_;
};

}  // namespace fairlead::handlers
