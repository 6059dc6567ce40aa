#pragma once

#include "config/settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::config {

/// How a member of `settings` is reached.
template <class T>
struct field {
    T& (*write)(settings&);
    const T& (*read)(const settings&);
};

/// The member at the end of a chain: `field_at<&settings::limits, &limit_settings::connections>`.
template <auto... Members>
constexpr auto field_at() {
    using value = std::remove_cvref_t<decltype((std::declval<settings&>().*....*Members))>;
    return field<value>{[](settings& all) -> value& { return (all.*....*Members); },
                        [](const settings& all) -> const value& { return (all.*....*Members); }};
}

/// Says what is wrong with one text as a sentence, or nothing. See item_checks.hpp.
using text_check = std::optional<std::string> (*)(std::string_view text);

struct boolean_kind {
    field<bool> at;
};

/// A whole number from `least` to `most`.
struct count_kind {
    field<unsigned> at;
    unsigned least;
    unsigned most;
};

/// Bytes, or bytes per second, from `least` to `most`.
struct size_kind {
    field<std::uint64_t> at;
    std::uint64_t least;
    std::uint64_t most;
};

struct time_kind {
    field<std::chrono::milliseconds> at;
    std::chrono::milliseconds least;
    std::chrono::milliseconds most;
};

struct text_kind {
    field<std::string> at;
    text_check check;
    std::string_view allowed;  ///< in words, for errors and the reference
};

/// A file or directory. Relative ones are resolved against the configuration file, or against the working
/// directory when they come from elsewhere.
struct path_kind {
    field<std::string> at;
    bool may_be_empty;
};

/// One of `words`, which stand in the order of the enumeration.
struct word_kind {
    std::span<const std::string_view> words;
    void (*write)(settings&, unsigned index);
    unsigned (*read)(const settings&);
};

struct endpoints_kind {
    field<std::vector<endpoint>> at;
    bool may_be_empty;
};

/// A list of texts; a single text stands for a list of one. With `presets`, a single text must be one of
/// those, and a list must have none of them (`types`).
struct texts_kind {
    field<std::vector<std::string>> at;
    bool may_be_empty;
    text_check check;
    std::span<const std::string_view> presets;
};

using kind = std::variant<boolean_kind, count_kind, size_kind, time_kind, text_kind, path_kind, word_kind,
                          endpoints_kind, texts_kind>;

/// One setting of the program.
struct setting {
    std::string_view path;  ///< "limits.connections"
    config::kind kind;
    std::string_view doc;      ///< what it does: one sentence
    std::string_view example;  ///< a value other than the default, as JSON
};

/// All settings, in the order in which they are documented. Loading, environment names, schema, reference and
/// `-T` are made from these rows: a setting that has a row has everything.
std::span<const setting> table() noexcept;

/// The index in table() of the setting with this path, or nothing.
std::optional<std::size_t> find_setting(std::string_view path) noexcept;

/// True when settings stand below `path`: "limits", "log.access", and "" for the whole.
bool is_section(std::string_view path) noexcept;

/// The keys that an object at `path` may have (settings and sections), in the table's order.
std::vector<std::string_view> keys_below(std::string_view path);

/// The name of the environment variable: "limits.connections" is FAIRLEAD_LIMITS_CONNECTIONS.
std::string environment_name(std::string_view path);

/// The JSON pointer (RFC 6901): "limits.connections" is /limits/connections.
std::string pointer_of(std::string_view path);

}  // namespace fairlead::config
