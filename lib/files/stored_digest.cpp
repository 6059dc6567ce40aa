#include "files/stored_digest.hpp"

#include <sys/xattr.h>

#include <array>
#include <cstring>

namespace fairlead::files {
namespace {

constexpr const char* attribute = "user.fairlead.sha256";
constexpr const char* mark_attribute = "user.fairlead.request";

/// The value of the attribute, as bytes: what is written and read on machines of one kind.
struct kept {
    std::array<std::uint8_t, 32> digest;
    std::uint64_t size;
    std::int64_t mtime_ns;
};
static_assert(sizeof(kept) == 48);

}  // namespace

error_code keep_digest(int fd, const file_info& info, const sha_digest& digest) noexcept {
    kept value{{}, info.size, info.mtime_ns};
    const auto bytes = digest.bytes();
    std::memcpy(value.digest.data(), bytes.data(), std::min(bytes.size(), value.digest.size()));
    return ::fsetxattr(fd, attribute, &value, sizeof value, 0) == 0 ? error_code{} : last_error();
}

std::optional<sha_digest> kept_digest(int fd, const file_info& info) noexcept {
    kept value{};
    if (::fgetxattr(fd, attribute, &value, sizeof value) != sizeof value) return std::nullopt;
    if (value.size != info.size || value.mtime_ns != info.mtime_ns) return std::nullopt;
    return sha_digest::from_bytes(sha_kind::sha256, value.digest);
}

error_code keep_mark(int fd, const sha_digest& mark) noexcept {
    const auto bytes = mark.bytes();
    return ::fsetxattr(fd, mark_attribute, bytes.data(), bytes.size(), 0) == 0 ? error_code{} : last_error();
}

std::optional<sha_digest> kept_mark(int fd) noexcept {
    std::array<std::uint8_t, 32> bytes{};
    if (::fgetxattr(fd, mark_attribute, bytes.data(), bytes.size()) != 32) return std::nullopt;
    return sha_digest::from_bytes(sha_kind::sha256, bytes);
}

std::string make_entity_tag(const sha_digest& digest) { return '"' + hex(digest) + '"'; }

std::string entity_tag_of(int fd, const file_info& info) {
    const auto digest = kept_digest(fd, info);
    return digest ? make_entity_tag(*digest) : make_entity_tag(info);
}

}  // namespace fairlead::files
