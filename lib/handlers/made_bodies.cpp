#include "handlers/made_bodies.hpp"

#include "base/blocking.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::handlers {

std::size_t made_text::read(std::span<char> buffer) noexcept {
    const auto size = std::min(buffer.size(), text_.size() - at_);
    if (size > 0) std::memcpy(buffer.data(), text_.data() + at_, size);
    at_ += size;
    if (!empty()) return size;
    text_.clear();
    at_ = 0;
    return size;
}

encoded_body::encoded_body(std::shared_ptr<const files::open_file> original, http::content_coding coding,
                           int level, boost::asio::thread_pool& encoders, std::shared_ptr<void> place)
    : original_(std::move(original)),
      pieces_(*original_),
      encoder_(coding, level, original_->info.size),
      encoders_(encoders),
      place_(std::move(place)),
      input_(files::file_pieces::piece_size, '\0') {}

task<result<std::size_t>> encoded_body::read_some(std::span<char> buffer) {
    while (made_.empty() && !is_complete_) {
        const auto failed = co_await run_blocking(encoders_, [this] { return make_more(); });
        if (failed) co_return failed;
    }
    co_return made_.read(buffer);
}

/// Compresses one more piece. The end is only told of a file that is still the one that was opened.
error_code encoded_body::make_more() {
    const auto piece = pieces_.next(input_);
    if (!piece) return piece.error();
    is_complete_ = piece->empty();
    return is_complete_ ? encoder_.finish(made_.for_more()) : encoder_.write(*piece, made_.for_more());
}

task<result<std::size_t>> listing_body::read_some(std::span<char> buffer) {
    if (made_.empty()) (void)source_.next(made_.for_more());  // which leaves it empty at the end
    co_return made_.read(buffer);
}

}  // namespace fairlead::handlers
