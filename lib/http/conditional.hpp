#pragma once

#include "http/date.hpp"
#include "http/message.hpp"

#include <optional>
#include <string_view>

namespace fairlead::http {

/// An entity tag (RFC 9110 section 8.8.3).
struct entity_tag {
    bool is_weak = false;
    std::string_view opaque;  ///< with its quotes
};

/// Parses exactly one entity tag, or nothing.
std::optional<entity_tag> parse_entity_tag(std::string_view text) noexcept;

/// Both strong and equal (RFC 9110 section 8.8.3.2).
bool strong_match(const entity_tag& a, const entity_tag& b) noexcept;
/// Equal whether or not they are weak.
bool weak_match(const entity_tag& a, const entity_tag& b) noexcept;

/// The validators of the selected representation.
struct validators {
    std::string_view etag;                      ///< as sent in ETag; empty when there is none
    std::optional<unix_seconds> last_modified;  ///< as sent in Last-Modified
    bool exists = true;  ///< false: there is no current representation (a PUT that creates)
};

enum class precondition { proceed, not_modified, precondition_failed };

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC 9110
/// section 13.2.2 (If-Range is `range_applies`). To be asked only when the answer without preconditions would
/// be a 2xx (section 13.2.1); CONNECT, OPTIONS and TRACE always proceed. `now` is for two-digit years.
precondition evaluate(verb method, const field_table& fields, const validators& current,
                      unix_seconds now) noexcept;

/// True when a Range field may be obeyed: there is no If-Range, or it holds (section 13.1.5): a strong match
/// of the tag, or exactly the Last-Modified date, provided that the date is older than one second, which
/// makes it a strong validator.
bool range_applies(const field_table& fields, const validators& current, unix_seconds now) noexcept;

}  // namespace fairlead::http
