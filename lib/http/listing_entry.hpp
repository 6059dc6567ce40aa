#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::http {

enum class entry_kind : std::uint8_t { file, directory };

/// One name of a directory listing: what the disk found, and what a page shows.
struct listing_entry {
    std::string name;  ///< one path segment, decoded; UTF-8 without control bytes
    entry_kind kind = entry_kind::file;
    std::uint64_t size = 0;     ///< in bytes; 0 for a directory
    std::int64_t mtime_ns = 0;  ///< since the epoch
    /// Where a link leads, relative to the root of the files, without slashes at its ends; nothing for what
    /// is no link. For rules, and never shown.
    std::optional<std::string> leads_to{};
    bool operator==(const listing_entry&) const = default;
};

}  // namespace fairlead::http
