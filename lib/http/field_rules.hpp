#pragma once

#include "http/message.hpp"
#include "http/named_value.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Most bytes of the names and values of one list, with four for ": " and CRLF each.
inline constexpr std::size_t max_field_rule_bytes = 4096;

/// The security fields that are sent unless the configuration sets or removes them. Each protects a browser:
/// types are not guessed, other sites learn only the origin of a link, and may neither frame a page, reach
/// into its window, nor embed a file; pages get no camera, position, microphone, payment or device.
const std::vector<named_value>& default_security_fields();

/// `parent` as `child` changes it: an entry of the child takes the place of the parent's with the same name
/// (ASCII case ignored), other names are appended. A name that is removed stays in the list as removed.
std::vector<named_value> merge(std::vector<named_value> parent, const std::vector<named_value>& child);

/// Field lines that the configuration adds to the answers of a site or a route, or removes from them.
/// Immutable once built; safe from any thread.
///
/// Content-Security-Policy is set here like any other, but never left out of what a handler says: a browser
/// applies all policies that it gets, so each of them can only make the answer stricter (CSP level 3
/// section 8.1). Removing it takes away what the configuration would have set, no more.
class field_rules {
public:
    /// Sets and removes nothing.
    field_rules() = default;

    /// One sentence that says what is wrong with a rule and what to write, or nothing. Refused: a name that
    /// is no token or is not the configuration's to decide (framing, type, coding, validators, CORS, caching,
    /// Strict-Transport-Security); a value that is empty or no field content (RFC 9110 section 5.5).
    static std::optional<std::string> check(const named_value& rule);

    /// The rules, or one sentence as above for the first that `check` refuses, for a name that stands there
    /// twice (ASCII case ignored), or for more than `max_field_rule_bytes`. White space around a value is
    /// dropped.
    static boost::system::result<field_rules, std::string> parse(const std::vector<named_value>& rules);

    /// The lines that are set, in the order of the configuration, each with its CRLF; perhaps empty.
    std::string_view lines() const noexcept { return set_.text(); }

    /// Whether what a handler says with this name (ASCII case ignored) is left out, because the field is set
    /// or removed here. Never for Content-Security-Policy.
    bool overrides(std::string_view name) const noexcept;

    /// Takes the lines that are overridden out of a block. Allocates only when there are some.
    void apply(field_block& fields) const;

    /// `lines` (prebuilt, each with its CRLF) without those that are overridden.
    std::string filter(std::string_view lines) const;

private:
    field_block set_;
    std::vector<std::string> overridden_;
};

}  // namespace fairlead::http
