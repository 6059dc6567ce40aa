#pragma once

#include "handlers/handler.hpp"
#include "handlers/script_finder.hpp"
#include "limits/work_limit.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace fairlead::handlers {

/// Lets a program answer a request: what CGI and FastCGI differ in.
class script_runner {
public:
    virtual ~script_runner() = default;
    /// `script` was looked for just now, or is what the configuration says.
    virtual task<http::outcome> run(http::request& request, found_script script) = 0;
};

/// A folder with scripts among its files: scripts are run, everything else is the other handler's.
class script_files final : public handler {
public:
    struct services {
        boost::asio::thread_pool& disk;
        limits::work_limit& work;  ///< of looking on the disk
        std::chrono::milliseconds retry_after;
    };

    script_files(script_finder finder, std::shared_ptr<script_runner> runner, std::shared_ptr<handler> files,
                 const services& around)
        : finder_(std::move(finder)), runner_(std::move(runner)), files_(std::move(files)), around_(around) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    bool is_missing_script(const http::request& request) const noexcept;
    task<http::outcome> handle_other(http::request& request, result<script_finder::found> found);
    task<result<script_finder::found>> find_slowly(const http::request& request);

    const script_finder finder_;
    const std::shared_ptr<script_runner> runner_;
    const std::shared_ptr<handler> files_;
    const services around_;
};

/// A path where one script answers everything; what follows the path is its path info.
class single_script final : public handler {
public:
    /// `url` begins with '/' and does not end in it; it is empty for a whole site. `file`: see
    /// found_script::file, or an absolute path.
    single_script(std::string url, std::string file, std::shared_ptr<script_runner> runner)
        : url_(std::move(url)), file_(std::move(file)), runner_(std::move(runner)) {}

    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;

private:
    const std::string url_;
    const std::string file_;
    const std::shared_ptr<script_runner> runner_;
};

}  // namespace fairlead::handlers
