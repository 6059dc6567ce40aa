#include "handlers/script_input.hpp"

#include "base/blocking.hpp"
#include "base/release.hpp"
#include "base/scratch_file.hpp"
#include "handlers/refusals.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <span>

namespace fairlead::handlers {
http::problem script_input::too_long() const {
    return refuse(http::status::payload_too_large,
                  "The body has more than " + std::to_string(most_) + " bytes, which is the limit here.");
}

task<std::optional<http::problem>> script_input::receive(http::body_reader& body, std::uint64_t first) {
    constexpr auto to_its_end = std::numeric_limits<std::uint64_t>::max();
    const auto announced = body.length();
    const bool is_long = announced >= 0 && static_cast<std::uint64_t>(announced) > first;
    if (announced >= 0 && static_cast<std::uint64_t>(announced) > most_) co_return too_long();
    buffer_.resize(buffer_size);
    auto refusal = co_await receive_until(body, is_long ? first : to_its_end);
    if (!refusal && is_long) {
        stream_ = streams_.try_acquire();
        if (stream_) rest_ = co_await body.feed();
        if (!rest_) {
            stream_.reset();
            refusal = co_await receive_until(body, to_its_end);
        }
    }
    size_ = rest_ ? static_cast<std::uint64_t>(announced) : taken_;
    co_return refusal;
}

/// Takes in what comes until there are `end` bytes, or all.
task<std::optional<http::problem>> script_input::receive_until(http::body_reader& body, std::uint64_t end) {
    while (taken_ < end) {
        if (used_ == buffer_.size()) {
            const auto failed = co_await run_blocking(disk_, [this] { return keep(); });
            if (failed) {
                auto refusal = http::problem_from(failed);
                refusal.log_detail +=
                    ": the body of a request for a script cannot be kept in the folder for "
                    "temporary files (TMPDIR)";
                co_return refusal;
            }
        }
        const auto room = std::span(buffer_).subspan(used_);
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), end - taken_));
        const auto got = co_await body.read_some(room.first(most));
        if (!got) co_return body_failed(got.error());
        if (*got == 0) co_return std::nullopt;
        taken_ += *got;
        used_ += *got;
        if (taken_ > most_) co_return too_long();
    }
    co_return std::nullopt;
}

/// Moves the buffer to the file. Blocks.
error_code script_input::keep() {
    if (!file_) {
        auto made = open_scratch_file();
        if (!made) return made.error();
        file_ = std::move(*made);
    }
    const auto bytes = std::string_view(buffer_).substr(0, std::exchange(used_, 0));
    return write_all(file_.get(), bytes);
}

result<unique_fd> script_input::open() {
    if (size_ == 0) {
        unique_fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!nothing) return last_error();
        return nothing;
    }
    if (!file_) {
        file_.reset(::memfd_create("request-body", MFD_CLOEXEC));
        if (!file_) return last_error();
    }
    if (const auto failed = keep()) return failed;
    release(buffer_);
    if (::lseek(file_.get(), 0, SEEK_SET) < 0) return last_error();
    return std::move(file_);
}

}  // namespace fairlead::handlers
