#pragma once

#include "files/open_files.hpp"
#include "handlers/handler.hpp"
#include "http/media_type.hpp"
#include "http/type_policy.hpp"
#include "limits/work_limit.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {

/// What a folder shows of itself.
struct static_files_options {
    std::string url_prefix = "/";  ///< what the folder is mounted at; begins and ends with '/'
    std::vector<std::string>
        index;                ///< names tried for a path that ends in '/'; empty: folders are not served
    http::type_policy types;  ///< which extensions may be served, and how
    std::chrono::milliseconds retry_after{5000};
};

/// GET and HEAD of the files below a root, in this order:
///
///   1. hidden names 404, method 405, extension 415: decided before the disk is touched
///   2. open through the sandbox, or from the cache of open files
///   3. a folder: its index file, or a redirect to the path with a slash
///   4. what was really opened: special files 403, and the policy once more when a link led elsewhere
///   5. preconditions (304, 412), range (206, 416), or the whole file
class static_files final : public handler {
public:
    static_files(static_files_options options, files::open_files& files, boost::asio::thread_pool& disk,
                 limits::work_limit& work);

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    using opened = result<std::shared_ptr<const files::open_file>>;
    using opener = std::function<opened(std::string_view)>;

    std::optional<http::outcome> refuse_early(const http::request& request) const;
    std::optional<http::outcome> look(const http::request& request, bool may_block) const;
    std::optional<http::outcome> look_for_index(const http::request& request, std::string_view folder,
                                                bool may_block) const;
    opened open(std::string_view relative, bool may_block) const;
    http::outcome answer(const http::request& request, std::shared_ptr<const files::open_file> file) const;
    http::outcome redirect_to_folder(const http::request& request) const;

    const static_files_options options_;
    files::open_files& files_;
    boost::asio::thread_pool& disk_;
    limits::work_limit& work_;
};

/// The field lines that every answer with this file begins with: Content-Type, Content-Disposition where the
/// policy says attachment, ETag, Last-Modified, Accept-Ranges. `extra` is added as it is. Empty when the
/// policy does not let the file at `path` (where it really lies, relative to the root) be served.
std::string file_fields(std::string_view path, const files::open_file& file, const http::type_policy& types,
                        const http::media_type_table& media_types, std::string_view extra);

}  // namespace fairlead::handlers
