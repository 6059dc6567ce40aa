#pragma once

#include "http/refusal.hpp"

#include <string>
#include <string_view>

namespace fairlead::http {

/// The four forms of a request target (RFC 9112 section 3.2).
enum class target_form { origin, absolute, authority, asterisk };

/// A request target in its parts. All views point into the text that was parsed, or to static storage.
struct target_parts {
    target_form form = target_form::origin;
    std::string_view scheme = {};     ///< as received ("http" in any case); empty unless absolute-form
    std::string_view authority = {};  ///< host[:port], checked; of absolute-form and authority-form
    std::string_view path = {};       ///< still encoded; "/" when an absolute-form has none
    std::string_view query = {};      ///< still encoded, without '?'; broken escapes are left alone
    bool has_query = false;           ///< tells "/a?" from "/a"
    bool is_normal_path = false;      ///< `normalise_path` would return `path` as it is
};

/// Splits a request target and checks every byte of it against RFC 3986 ('[' and ']' are let through because
/// browsers do not escape them). Refusals: 400 for a byte that no URI has, for userinfo, for a form that the
/// method does not take, for a scheme other than http; 421 for https, which this connection is not (RFC 9110
/// section 7.4). All of them close the connection, since a wrong request line may hide where the message
/// ends.
checked<target_parts> parse_target(std::string_view raw, verb method) noexcept;

/// The path that a target names: percent-decoded once, without '.' segments. The result views `raw_path` when
/// nothing had to change, else `storage`.
///
/// Refusals, none of which depends on what exists on disk:
///   403 a '..' segment, also when dots or separators ('/' or '\') are escaped           (event: traversal)
///   400 a broken escape, an escaped '/', a control byte, an empty segment
///   400 an escaped '\' or NUL, bytes that are not UTF-8, an empty first segment         (event: traversal)
/// Any refused path in which two dots stand side by side is reported as traversal, too.
checked<std::string_view> normalise_path(std::string_view raw_path, std::string& storage);

/// The same for a parsed target, for which parse_target mostly knows the answer already.
inline checked<std::string_view> normalise_path(const target_parts& parts, std::string& storage) {
    if (parts.is_normal_path) return parts.path;
    return normalise_path(parts.path, storage);
}

/// True when a segment of the normalised path begins with '.', except a first segment `.well-known` (RFC
/// 8615).
bool is_hidden(std::string_view path) noexcept;

/// What follows the last '.' of the last segment: "html" of "/a/b.html"; empty for "/a.d/b" and "/name.".
std::string_view extension(std::string_view path) noexcept;

/// A normalised path as URI text for `Location`: one leading slash whatever the path begins with, everything
/// but unreserved bytes, sub-delims, ':', '@' and '/' escaped. So the result never names another host and
/// never has CR or LF.
std::string encode_path(std::string_view path);

/// Whether `normalise_path` gives this path for some target: what it makes of the encoded path is the path
/// itself.
bool is_normalised(std::string_view path);

}  // namespace fairlead::http
