#pragma once

#include "base/error.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Which files may be served, by their extension, and how: an allowlist, so that a file nobody thought of
/// stays where it is. Immutable once built; lookups are safe from any thread.
class type_policy {
public:
    /// How files with an extension are served.
    struct rule {
        std::string_view content_type;  ///< static text; empty: by the table of media types
        bool is_attachment = false;     ///< browsers save it and do not show it (RFC 6266)
    };

    /// Serves nothing, and hides dot-files.
    type_policy() = default;

    /// `words` is one preset ("web" or "strict"), or a list of extensions without dots, in any case; ""
    /// stands for files without one. Error: std::errc::invalid_argument when it is empty, mixes a preset with
    /// other words, or has an extension with a dot, a slash, or more than 16 bytes.
    static result<type_policy> from_words(const std::vector<std::string>& words);

    /// Serves every file as an attachment, and hides dot-files: for files of strangers.
    static type_policy all_as_attachments();

    /// The rule for an extension without its dot, ASCII case ignored, or nullptr when it is not served. Does
    /// not allocate.
    const rule* find(std::string_view extension) const noexcept;

    /// Whether a path with a segment that begins with a dot does not exist for clients (404). The preset
    /// `strict` knows no such rule: there a dot-file is refused for its extension like any other.
    bool hides_dot_files() const noexcept { return hides_dot_files_; }

private:
    /// An extension in lower case as two numbers: compared in a few instructions, without a loop.
    struct key {
        std::uint64_t head = 0;
        std::uint64_t tail = 0;
        auto operator<=>(const key&) const = default;
    };
    struct entry {
        type_policy::key key;
        type_policy::rule rule;
    };

    static std::optional<key> key_of(std::string_view extension) noexcept;
    void add(key extension, rule how);

    std::vector<entry> entries_;     ///< sorted by key
    std::optional<rule> any_other_;  ///< for extensions without an entry
    bool hides_dot_files_ = true;
};

/// An extension of a preset with its rule.
struct preset_rule {
    std::string_view extension;
    type_policy::rule how;
};

/// A named policy that is built in.
struct type_preset {
    std::string_view name;
    std::string_view doc;  ///< what it is for: one sentence
    bool hides_dot_files;
    std::span<const preset_rule> rules;
};

/// "web" and "strict".
std::span<const type_preset> type_presets() noexcept;

/// A preset as JSON with comments, for people to read: `config/types/NAME.json` is this text.
std::string preset_text(const type_preset& preset);

}  // namespace fairlead::http
