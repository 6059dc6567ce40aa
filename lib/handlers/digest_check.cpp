#include "handlers/digest_check.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::handlers {

void expected_digests::add(const http::wanted_digests& wanted) {
    if (wanted.sha256) known.push_back(*wanted.sha256);
    if (wanted.sha512) known.push_back(*wanted.sha512);
}

digest_check::digest_check(expected_digests expected, bool wants_sha256)
    : expected_(std::move(expected.known)) {
    const auto is_expected = [&](sha_kind kind) {
        return std::any_of(expected_.begin(), expected_.end(),
                           [&](const sha_digest& one) { return one.kind() == kind; });
    };
    if (wants_sha256 || expected.follow || is_expected(sha_kind::sha256))
        sha256_hasher_.emplace(sha_kind::sha256);
    if (expected.follow || is_expected(sha_kind::sha512)) sha512_hasher_.emplace(sha_kind::sha512);
}

bool digest_check::expect(std::vector<sha_digest> more) {
    for (auto& one : more) {
        if (!(one.kind() == sha_kind::sha256 ? sha256_hasher_ : sha512_hasher_)) return false;
        expected_.push_back(std::move(one));
    }
    return true;
}

void digest_check::update(std::span<const char> piece) {
    if (sha256_hasher_) sha256_hasher_->update(piece);
    if (sha512_hasher_) sha512_hasher_->update(piece);
}

error_code digest_check::finish() {
    std::optional<sha_digest> sha512;
    if (sha256_hasher_) sha256_ = sha256_hasher_->finish();
    if (sha512_hasher_) sha512 = sha512_hasher_->finish();
    for (const auto& one : expected_)
        if (one != *(one.kind() == sha_kind::sha256 ? sha256_ : sha512)) return errc::digest_mismatch;
    return {};
}

}  // namespace fairlead::handlers
