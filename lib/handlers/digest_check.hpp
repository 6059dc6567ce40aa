#pragma once

#include "base/error.hpp"
#include "base/sha.hpp"
#include "http/digest_fields.hpp"

#include <optional>
#include <span>
#include <vector>

namespace fairlead::handlers {

/// What the sender of a content says of it.
struct expected_digests {
    void add(const http::wanted_digests& wanted);

    std::vector<sha_digest> known;  ///< before it has come
    bool follow = false;            ///< more are announced for the trailer section (RFC 9110 section 6.6.2)
};

/// Digests bytes as they come, and compares with what their sender says that they have (RFC 9530).
class digest_check {
public:
    /// The SHA-256 is computed if `wants_sha256`, or if it is expected; SHA-512 only if it is. Both if their
    /// sender will say only after the content what he expects.
    digest_check(expected_digests expected, bool wants_sha256 = false);

    void update(std::span<const char> piece);

    /// What their sender says after the content. False: that cannot be checked any more, since it was not
    /// announced.
    bool expect(std::vector<sha_digest> more);

    /// All bytes have come. errc::digest_mismatch: they are others.
    error_code finish();

    /// After `finish`, if it was computed.
    const std::optional<sha_digest>& sha256() const noexcept { return sha256_; }

private:
    std::vector<sha_digest> expected_;
    std::optional<sha_hasher> sha256_hasher_;
    std::optional<sha_hasher> sha512_hasher_;
    std::optional<sha_digest> sha256_;
};

}  // namespace fairlead::handlers
