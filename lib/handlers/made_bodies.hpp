#pragma once

#include "content/encoder.hpp"
#include "content/listing.hpp"
#include "files/file_pieces.hpp"
#include "http/message.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <string>

/// Bodies that are made while they are sent.
namespace fairlead::handlers {

/// What was made and not yet read.
class made_text {
public:
    std::string& for_more() noexcept { return text_; }
    bool empty() const noexcept { return at_ == text_.size(); }
    /// Moves what fits to `buffer`.
    std::size_t read(std::span<char> buffer) noexcept;

private:
    std::string text_;
    std::size_t at_ = 0;
};

/// A file that is compressed on its way, on a thread of the pool, a piece at a time.
class encoded_body final : public http::body_reader {
public:
    /// `place` is held as long as the body lives.
    encoded_body(std::shared_ptr<const files::open_file> original, http::content_coding coding, int level,
                 boost::asio::thread_pool& encoders, std::shared_ptr<void> place);

    task<result<std::size_t>> read_some(std::span<char> buffer) override;
    std::int64_t length() const noexcept override { return -1; }

private:
    error_code make_more();

    const std::shared_ptr<const files::open_file> original_;
    files::file_pieces pieces_;
    content::encoder encoder_;
    boost::asio::thread_pool& encoders_;
    const std::shared_ptr<void> place_;
    std::string input_;
    made_text made_;
    bool is_complete_ = false;
};

/// The text of a directory listing.
class listing_body final : public http::body_reader {
public:
    explicit listing_body(content::listing&& source) : source_(std::move(source)) {}

    task<result<std::size_t>> read_some(std::span<char> buffer) override;
    std::int64_t length() const noexcept override { return -1; }

private:
    content::listing source_;
    made_text made_;
};

}  // namespace fairlead::handlers
