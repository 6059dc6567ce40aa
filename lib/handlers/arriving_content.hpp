#pragma once

#include "base/sha.hpp"
#include "content/json_check.hpp"
#include "files/staged_file.hpp"
#include "handlers/buffer_share.hpp"
#include "handlers/digest_check.hpp"
#include "handlers/upload_place.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fairlead::handlers {

/// What is to become of a content.
struct content_plan {
    /// Opens the directory that it will stay in; called on the pool, once. Not set: the content is only
    /// digested.
    std::function<result<std::shared_ptr<files::store_directory>>()> open_directory;
    expected_digests expected;
    bool wants_digest = false;  ///< its SHA-256 is needed
};

/// One content on its way from a client to the disk. Its memory is bounded whatever its length: small ones
/// come to the disk in one visit, larger ones piece by piece, in larger pieces the quicker they come. Nothing
/// is left of one that is given up.
class arriving_content {
public:
    arriving_content(ongoing_upload& of, content_plan plan);
    arriving_content(const arriving_content&) = delete;
    arriving_content& operator=(const arriving_content&) = delete;
    ~arriving_content();

    /// `length` bytes are to come (-1: not known), and have to find room: it is set aside as they come.
    /// Without it nothing is set aside: whoever takes a form has done so. Errors: errc::quota_exceeded,
    /// ENOSPC.
    error_code announce(std::int64_t length);

    /// Reads a body to its end; `check`, if there is one, sees each piece. A refusal: nothing will be stored.
    task<std::optional<http::problem>> receive(http::body_reader& body, content::json_check* check);

    /// Takes some bytes of a part of a form. Errors: those of writing.
    task<error_code> append(std::span<const char> piece);

    /// Everything has come: writes the rest and compares the digests. Blocks: for the pool. Errors:
    /// errc::digest_mismatch, and those of the disk.
    error_code complete();
    /// Then, unless the content was only digested: seals the file, with the mark of its request if it has
    /// one. Blocks.
    error_code seal(const std::optional<sha_digest>& mark = {});

    /// After `complete`, unless the content was only digested.
    files::staged_file& file() noexcept { return *staged_; }
    /// The file in the store takes `replaced` bytes' place: what was set aside is used.
    void keep(std::uint64_t replaced) noexcept { claim_->keep(received_, replaced); }
    /// Bytes that have their room on the disk by now.
    std::uint64_t occupied() const noexcept { return staged_ ? staged_->occupied() : 0; }
    std::uint64_t received() const noexcept { return received_; }
    /// After `complete`, if it was wanted.
    const std::optional<sha_digest>& digest() const noexcept { return check_.sha256(); }
    std::string indeterminate_name() const { return staged_ ? staged_->indeterminate_name() : std::string(); }

private:
    using clock = std::chrono::steady_clock;

    std::span<char> room();
    bool should_stage() const noexcept;
    void resize_buffer(std::size_t size);
    error_code write_out();
    task<error_code> stage();

    ongoing_upload& of_;
    content_plan plan_;
    buffer_share memory_;
    std::string buffer_;  // received and checked, not staged yet
    std::size_t used_ = 0;
    clock::time_point filling_since_{};
    std::uint64_t received_ = 0;
    std::int64_t announced_ = -1;
    std::optional<files::store_space::claim> claim_;
    digest_check check_;
    std::optional<files::staged_file> staged_;
};

}  // namespace fairlead::handlers
