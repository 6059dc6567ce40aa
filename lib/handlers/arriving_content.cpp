#include "handlers/arriving_content.hpp"

#include "base/release.hpp"
#include "handlers/refusals.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::handlers {
namespace {

// First buffer for a body of unknown length.
constexpr std::size_t first_buffer = 4 * 1024;
// So much a slow client may keep in memory: thousands of them are nothing special.
constexpr std::size_t slow_buffer = 16 * 1024;
// A client that fills a buffer within this time is a quick one, which gets a larger one.
constexpr std::chrono::milliseconds quick_fill{50};
// Fewer visits to the disk cost less; beyond this nothing more is gained.
constexpr std::size_t most_buffer = 64 * 1024;
// Freeing a file of this size takes so long that it is done elsewhere.
constexpr std::uint64_t worth_waiting = 256 * 1024;

}  // namespace

arriving_content::arriving_content(ongoing_upload& of, content_plan plan)
    : of_(of),
      plan_(std::move(plan)),
      memory_(of.place.with.buffer_bytes),
      check_(std::move(plan_.expected), plan_.wants_digest) {}

arriving_content::~arriving_content() {
    if (staged_ && staged_->size() >= worth_waiting) of_.place.with.disk.let_go(std::move(*staged_));
}

error_code arriving_content::announce(std::int64_t length) {
    announced_ = length;
    if (!plan_.open_directory) return {};
    auto claim = of_.place.with.store.space().admit(length);
    if (!claim) return claim.error();
    claim_.emplace(std::move(*claim));
    return {};
}

void arriving_content::resize_buffer(std::size_t size) {
    if (size == 0)
        release(buffer_);
    else
        buffer_.resize(size);
    memory_.set(buffer_.size());
}

/// Where the next bytes go; at least one.
std::span<char> arriving_content::room() {
    if (buffer_.empty()) {
        // + 1: so that the end is seen without another buffer.
        const auto wanted =
            announced_ >= 0 ? static_cast<std::size_t>(announced_) - received_ + 1 : first_buffer;
        resize_buffer(std::clamp<std::size_t>(wanted, 1, slow_buffer));
    } else if (used_ == buffer_.size()) {
        resize_buffer(std::min(buffer_.size() * 2, most_buffer));
    }
    if (used_ == 0) filling_since_ = clock::now();
    return {buffer_.data() + used_, buffer_.size() - used_};
}

/// A full buffer goes to the disk, unless it was filled so quickly that a larger one is worth its memory.
bool arriving_content::should_stage() const noexcept {
    if (used_ < buffer_.size() || used_ < slow_buffer) return false;
    return buffer_.size() >= most_buffer || clock::now() - filling_since_ > quick_fill || memory_.is_scarce();
}

task<std::optional<http::problem>> arriving_content::receive(http::body_reader& body,
                                                             content::json_check* check) {
    const auto most = of_.place.rules.max_body;
    const auto refused = announce(body.length());
    if (refused) co_return storage_failed(of_.place, of_.request, refused);
    for (;;) {
        if (should_stage()) {
            const auto failed = co_await stage();
            if (failed) co_return storage_failed(of_.place, of_.request, failed);
        }
        const auto into = room();
        const auto got = co_await body.read_some(into);
        if (!got) co_return body_failed(got.error());
        if (*got == 0) break;
        received_ += *got;
        if (received_ > most) co_return too_large(of_.place.rules, "more");
        const auto fault = check ? check->write(into.first(*got)) : std::nullopt;
        if (fault) co_return refuse(http::status::bad_request, fault->text());
        used_ += *got;
    }
    const auto fault = check ? check->finish() : std::nullopt;
    if (fault) co_return refuse(http::status::bad_request, fault->text());
    co_return take_trailer(body, check_);
}

task<error_code> arriving_content::append(std::span<const char> piece) {
    while (!piece.empty()) {
        if (should_stage()) {
            const auto failed = co_await stage();
            if (failed) co_return failed;
        }
        const auto into = room();
        const auto n = std::min(into.size(), piece.size());
        std::memcpy(into.data(), piece.data(), n);
        used_ += n;
        received_ += n;
        piece = piece.subspan(n);
    }
    co_return error_code{};
}

/// Digests and writes what is in the buffer. Blocks.
error_code arriving_content::write_out() {
    const std::span<const char> piece(buffer_.data(), used_);
    check_.update(piece);
    used_ = 0;
    if (!plan_.open_directory) return {};
    if (claim_) {
        claim_->occupy(occupied());
        if (const auto failed = claim_->cover(received_, announced_)) return failed;
    }
    if (!staged_) {
        auto where = plan_.open_directory();
        if (!where) return where.error();
        auto file = files::staged_file::create(of_.place.with.store, std::move(*where),
                                               announced_ > 0 ? static_cast<std::uint64_t>(announced_) : 0);
        if (!file) return file.error();
        staged_.emplace(std::move(*file));
    }
    return staged_->write(piece);
}

task<error_code> arriving_content::stage() {
    // Who has become slow since, or came when memory was plenty, goes on with less.
    const bool is_slow = clock::now() - filling_since_ > quick_fill || memory_.is_scarce();
    const auto failed = co_await of_.disk.run([this] { return write_out(); });
    if (is_slow) resize_buffer(0);
    co_return failed;
}

error_code arriving_content::complete() {
    if (const auto failed = write_out()) return failed;
    resize_buffer(0);
    return check_.finish();
}

error_code arriving_content::seal(const std::optional<sha_digest>& mark) {
    if (claim_) claim_->begin_placing();
    return staged_->seal(plan_.wants_digest ? check_.sha256() : std::nullopt, mark);
}

}  // namespace fairlead::handlers
