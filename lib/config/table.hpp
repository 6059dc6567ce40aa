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

/// One of several names that a check refuses, and why.
struct named_fault {
    std::size_t index;
    std::string message;
};

/// An object whose names the user chooses. In a site or a route it is put together with that of the level
/// above by `merge`; without one it replaces it.
struct named_values_kind {
    field<named_values> at;
    std::vector<named_fault> (*check)(const named_values& given);
    named_values (*merge)(const named_values& above, const named_values& given);
    bool may_be_null;          ///< whether a name may have the value `null`
    std::string_view allowed;  ///< in words
};

using kind = std::variant<boolean_kind, count_kind, size_kind, time_kind, text_kind, path_kind, word_kind,
                          endpoints_kind, texts_kind, named_values_kind>;

/// Where a setting may stand: at the top of the file, in a site too, in a route too.
enum class scope { program, site, route };

/// One setting of the program.
struct setting {
    std::string_view path;  ///< "limits.connections"
    config::kind kind;
    std::string_view doc;      ///< what it does: one sentence
    std::string_view example;  ///< a value other than the default, as JSON
    scope innermost = scope::program;
};

/// A key whose value is an object of further scopes: `sites` by their names, `routes` by their paths. Only
/// the file can have them.
struct scope_row {
    std::string_view key;
    scope opens;       ///< what its members are
    scope stands_in;   ///< the innermost scope that may have the key
    text_check check;  ///< of a member's name
    std::string_view doc;
    std::string_view example;
};
std::span<const scope_row> scope_rows() noexcept;
/// The row of a key that opens scopes and may stand in `where`, or nullptr.
const scope_row* find_scope_row(std::string_view key, scope where) noexcept;

/// All settings, in the order in which they are documented. Loading, environment names, schema, reference and
/// `-T` are made from these rows: a setting that has a row has everything.
std::span<const setting> table() noexcept;

/// The index in table() of the setting with this path, or nothing.
std::optional<std::size_t> find_setting(std::string_view path) noexcept;

/// True when settings that may stand in `where` stand below `path`: "limits", "log.access", and "" for the
/// whole.
bool is_section(std::string_view path, scope where = scope::program) noexcept;

/// The keys that an object at `path` of a scope may have: settings and sections in the table's order, then
/// those that open scopes.
std::vector<std::string_view> keys_below(std::string_view path, scope where = scope::program);

/// The name of the environment variable: "limits.connections" is FAIRLEAD_LIMITS_CONNECTIONS.
std::string environment_name(std::string_view path);

/// The JSON pointer (RFC 6901): "limits.connections" is /limits/connections.
std::string pointer_of(std::string_view path);

}  // namespace fairlead::config
