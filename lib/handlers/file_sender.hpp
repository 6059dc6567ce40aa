#pragma once

#include "files/open_files.hpp"
#include "handlers/coded_files.hpp"
#include "handlers/file_answer.hpp"
#include "handlers/file_rules.hpp"
#include "http/problem.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <variant>

namespace fairlead::handlers {

struct file_sender_options {
    int gzip_level = 6;
    int br_level = 5;
    int zstd_level = 6;
    std::chrono::milliseconds retry_after{5000};
};

/// The answer with a file that was opened: in which coding, and then by preconditions and ranges. It never
/// blocks, but for `make`.
class file_sender {
public:
    using file_pointer = std::shared_ptr<const files::open_file>;

    /// A coded form that has to be made first, by `make`.
    struct unmade {
        file_pointer original;
        http::content_coding coding = http::content_coding::identity;
    };

    /// All that is referred to outlives the sender. `encoders` is for work that takes a processor.
    file_sender(file_sender_options options, const file_rules& rules, const files::open_files& files,
                coded_files& coded, boost::asio::thread_pool& encoders);

    /// In this order:
    ///   1. what may not be served: 404 or 415; a link may have led to another name than that of the request
    ///   2. the coding that the client prefers: the file as it is, a sibling, one that is kept, or one to
    ///   make;
    ///      406 when it refuses all of them. A range is always one of the file as it is, if the client takes
    ///      that and its If-Range does not leave open of which form it has the beginning
    ///   3. preconditions (304, 412), range (206, 416), or the whole
    std::variant<http::outcome, unmade> answer(const http::request& request, const asked_for& asked,
                                               file_pointer file) const;

    /// Compresses the file, or waits for somebody who is at it already, and answers with that. Where many are
    /// at others, or clients hold many, the file is sent as it is, or 503 to who refuses that. Nothing is
    /// made for HEAD.
    task<http::outcome> make(const http::request& request, unmade what) const;

private:
    std::variant<http::outcome, unmade> send_coded(const http::request& request, bool has_conditions,
                                                   file_pointer original, http::content_coding coding) const;
    file_pointer find_coded(const files::open_file& original, http::content_coding coding) const;
    http::response head_of_unmade(const http::request& request, const files::open_file& coded) const;
    http::outcome send_all(const http::request& request, file_pointer file) const;
    http::outcome send_uncoded(const http::request& request, file_pointer original) const;
    http::outcome stream(const http::request& request, unmade what, const files::open_file& coded) const;
    std::shared_ptr<files::open_file> describe_coded(const files::open_file& original,
                                                     http::content_coding coding) const;
    int level_of(http::content_coding coding) const noexcept;

    const file_sender_options options_;
    const file_rules& rules_;
    const files::open_files& files_;
    coded_files& coded_;
    boost::asio::thread_pool& encoders_;
};

}  // namespace fairlead::handlers
