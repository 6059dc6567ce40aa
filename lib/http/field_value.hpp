#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// tchar of RFC 9110 section 5.6.2.
bool is_token_char(char c) noexcept;

/// 1*tchar.
bool is_token(std::string_view text) noexcept;

/// True when a field value has only HTAB, SP, VCHAR and obs-text (RFC 9110 section 5.5).
bool is_field_content(std::string_view value) noexcept;

/// Walks the elements of a list (RFC 9110 section 5.6.1): separated by commas outside quoted strings, without
/// surrounding white space; empty elements are skipped.
class list_reader {
public:
    explicit list_reader(std::string_view value) noexcept : rest_(value) {}
    /// The next element, or nothing at the end. An unterminated quoted string reaches to the end of the
    /// value.
    std::optional<std::string_view> next() noexcept;

private:
    std::string_view rest_;
};

/// Walks `;name=value` parameters (RFC 9110 section 5.6.6).
class parameter_reader {
public:
    struct parameter {
        std::string_view name;
        std::string_view value;  ///< still quoted when it was; `unquote` removes that
    };
    /// `text` starts at the first ';' or is empty.
    explicit parameter_reader(std::string_view text) noexcept : rest_(text) {}
    /// The next parameter, or nothing at the end or at the first error.
    std::optional<parameter> next() noexcept;
    /// True when `next` stopped because of bad syntax.
    bool is_malformed() const noexcept { return malformed_; }

private:
    std::string_view rest_;
    bool malformed_ = false;
};

/// The content of a quoted string with its escapes resolved, or `text` itself when it is not quoted.
std::string unquote(std::string_view text);

/// True when the list has the element `token`, ASCII case ignored.
bool list_has_token(std::string_view value, std::string_view token) noexcept;

/// A media type with its parameters (RFC 9110 section 8.3.1). Views point into the text that was parsed.
struct media_type {
    std::string_view type;
    std::string_view subtype;
    std::string_view parameters;  ///< from the first ';', or empty

    /// ASCII case is ignored, parameters do not count: is("application", "json").
    bool is(std::string_view type_name, std::string_view subtype_name) const noexcept;
    /// The value of the first parameter with this name, still quoted, or an empty view.
    std::string_view parameter(std::string_view name) const noexcept;
};

/// Parses `type/subtype *( OWS ";" OWS parameter )`; nothing when it is malformed.
std::optional<media_type> parse_media_type(std::string_view value) noexcept;

/// A qvalue in thousandths, 0 to 1000 (RFC 9110 section 12.4.2), or nothing when it is not one.
std::optional<int> parse_qvalue(std::string_view text) noexcept;

/// How much an `Accept` value wants a media type such as "application/json", in thousandths: the quality of
/// the most specific range that matches (exact, then type/*, then */*), 0 when none does, 1000 when the field
/// is empty or absent. Malformed elements, and ranges with parameters of their own, are skipped.
int accept_quality(std::string_view accept, std::string_view wanted) noexcept;

/// True when `accept` names problem details or JSON with at least the quality that HTML gets, so that an
/// error is better sent as JSON. A bare `*/*` or an absent field prefers HTML.
bool prefers_json(std::string_view accept) noexcept;

}  // namespace fairlead::http
