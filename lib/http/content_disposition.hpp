#pragma once

#include "http/parse_result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// What a part of a form says about itself (RFC 7578 section 4.2). Both texts are UTF-8 as the client chose
/// it: slashes, "..", CR and LF may be in them, so whoever makes a file of one checks it first.
struct content_disposition {
    std::string name;
    /// Present when the part is a file. Browsers send "" for a field of files that was left empty.
    std::optional<std::string> filename;
    bool operator==(const content_disposition&) const = default;
};

/// Reads `form-data; name="..."; filename="..."` (RFC 6266 section 4.1, RFC 7578 section 4.2), or says in one
/// sentence what is wrong with it. Inside of quotes `\"` and `\\` are escapes, any other `\` is itself (RFC
/// 9110 would drop it, but browsers send it bare), and %22, %0D and %0A are what HTML encodes that way; other
/// percent signs stay. Parameters with other names are ignored.
///
/// Refused: another type than form-data, no name, a name or file name that is given twice or is not UTF-8,
/// control bytes other than HTAB, bad quoting, and every parameter with a '*' in its name: filename* must not
/// be used in forms, and programs disagree on which of two file names counts.
parse_result<content_disposition> parse_content_disposition(std::string_view value);

}  // namespace fairlead::http
