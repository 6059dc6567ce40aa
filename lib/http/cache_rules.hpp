#pragma once

#include "http/glob.hpp"
#include "http/named_value.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// A value of Cache-Control with what the server itself has to know of it (RFC 9111 section 5.2.2).
struct cache_control {
    std::string value;                            ///< as sent; empty sends no such field
    std::optional<std::chrono::seconds> max_age;  ///< of `max-age`
    bool allows_transform = true;                 ///< false with `no-transform`

    static constexpr std::size_t most_bytes = 1024;

    /// The value with its parts, or nothing when it is no list of directives, or longer than `most_bytes`.
    static std::optional<cache_control> parse(std::string_view value);
};

/// True when a list of directives has the one named so, with or without argument.
bool has_directive(std::string_view value, std::string_view name) noexcept;

/// Which Cache-Control a file gets: patterns of the configuration, the first that matches counts. A pattern
/// that begins with '/' is a glob of the path; one with a '/' inside is a media type ("text/html",
/// "image/*"); any other is a glob of the file name. Immutable once parsed; safe from any thread.
class cache_rules {
public:
    /// What a file gets for which there is no rule: a cache may keep it, but asks each time whether it is
    /// still good, which costs one small answer. So a file that was replaced is never shown in its old form.
    static constexpr std::string_view default_value = "no-cache";

    cache_rules() = default;

    /// The rules, or one sentence that says what is wrong with a pattern or a value.
    static parse_result<cache_rules> parse(const std::vector<named_value>& rules);

    /// `path` is the normalised path of the file on its site; `content_type` as sent, parameters are ignored.
    const cache_control& find(std::string_view path, std::string_view content_type) const noexcept;

private:
    enum class subject { path, name, type };
    struct rule {
        subject what;
        std::string type;  ///< of subject::type: "text/html" or "text/"
        std::optional<glob> pattern;
        cache_control how;
        bool matches(std::string_view path, std::string_view content_type) const noexcept;
    };
    static parse_result<rule> parse_rule(const named_value& one);

    std::vector<rule> rules_;
    cache_control otherwise_ = *cache_control::parse(default_value);
};

/// A media type without parameters, or all of a kind: "text/html", "text/*".
bool is_type_pattern(std::string_view text) noexcept;

/// Whether a Content-Type (parameters are ignored) is among media types such as "text/*" or "image/svg+xml".
bool is_of_types(std::string_view content_type, const std::vector<std::string>& types) noexcept;

}  // namespace fairlead::http
