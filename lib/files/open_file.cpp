#include "files/open_file.hpp"

#include "base/release.hpp"

#include <utility>

namespace fairlead::files {

std::optional<std::string_view> open_file::kept() const noexcept {
    if (has_content) return content;
    return pages ? std::optional(pages.bytes()) : std::nullopt;
}

std::uint64_t open_file::kept_bytes() const noexcept {
    std::uint64_t bytes = content.size() + pages.bytes().size();
    for (const auto& one : siblings) bytes += one->kept_bytes();
    return bytes;
}

std::size_t open_file::descriptors() const noexcept {
    std::size_t count = fd ? 1 : 0;
    for (const auto& one : siblings) count += one->descriptors();
    return count;
}

void open_file::move_to_pages() {
    auto copied = snapshot::of(content);
    if (!copied) return;
    pages = std::move(*copied);
    has_content = false;
    release(content);
}

}  // namespace fairlead::files
