#include "handlers/answer_spool.hpp"

#include "base/blocking.hpp"
#include "base/scratch_file.hpp"

#include <unistd.h>

#include <algorithm>

namespace fairlead::handlers {

task<error_code> answer_spool::append(std::string& bytes) {
    const auto failed = co_await run_blocking(disk_, [&]() -> error_code {
        if (!file_) {
            auto made = open_scratch_file();
            if (!made) return made.error();
            file_ = std::move(*made);
        }
        return write_all(file_.get(), bytes);
    });
    if (failed) co_return failed;
    size_ += bytes.size();
    bytes.clear();
    co_return error_code{};
}

task<result<std::size_t>> answer_spool::read_some(std::span<char> buffer) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - read_));
    const auto got = co_await run_blocking(disk_, [&]() -> result<std::size_t> {
        const auto n = ::pread(file_.get(), buffer.data(), most, static_cast<off_t>(read_));
        if (n < 0) return last_error();
        if (n == 0) return errno_code(EIO);  // somebody has cut it
        return static_cast<std::size_t>(n);
    });
    if (got) read_ += *got;
    if (is_read()) file_.reset();
    co_return got;
}

}  // namespace fairlead::handlers
