#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// libcrypto's EVP_MD_CTX, so that no header of ours includes its headers.
struct evp_md_ctx_st;

namespace fairlead {

/// Members of SHA-2 (FIPS 180-4).
enum class sha_kind : std::uint8_t { sha256, sha512 };

/// Length of a digest: 32 or 64 bytes.
constexpr std::size_t digest_bytes(sha_kind kind) noexcept { return kind == sha_kind::sha256 ? 32 : 64; }

/// A digest by value. Digests of different kinds are never equal.
class sha_digest {
public:
    /// A digest that was made before, or nothing when `bytes` has another length than the kind's.
    static std::optional<sha_digest> from_bytes(sha_kind kind, std::span<const std::uint8_t> bytes) noexcept;

    sha_kind kind() const noexcept { return kind_; }
    /// 32 or 64 bytes; the view is valid as long as the digest.
    std::span<const std::uint8_t> bytes() const noexcept {
        return std::span(bytes_).first(digest_bytes(kind_));
    }
    /// Not in constant time: digests of what a client sent are no secrets.
    bool operator==(const sha_digest&) const noexcept = default;

private:
    explicit sha_digest(sha_kind kind) noexcept : kind_(kind) {}

    sha_kind kind_;
    std::array<std::uint8_t, 64> bytes_{};  ///< 0 behind the length of the kind
};

/// A digest of text that comes in pieces. One that was moved from can only be assigned or destroyed.
class sha_hasher {
public:
    /// Throws std::bad_alloc, or std::runtime_error when libcrypto does not offer the algorithm (a
    /// configuration of OpenSSL without its default provider).
    explicit sha_hasher(sha_kind kind);

    /// Adds bytes. Throws std::runtime_error should libcrypto fail, which it has no reason to.
    void update(std::span<const char> piece);

    /// The digest of all that was added; the hasher then begins anew. Throws as `update` does.
    sha_digest finish();

private:
    struct freer {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };

    void begin();

    sha_kind kind_;
    std::unique_ptr<evp_md_ctx_st, freer> context_;
};

/// HMAC-SHA-256 (RFC 2104) with a key of any length. Throws as `sha_hasher` does.
sha_digest hmac_sha256(std::string_view key, std::string_view text);

/// Lower-case hexadecimal digits, two for each byte.
std::string hex(const sha_digest& digest);

}  // namespace fairlead
