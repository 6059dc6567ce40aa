#pragma once

#include "telemetry/line_buffer.hpp"

#include <string>
#include <string_view>

namespace fairlead::telemetry {

/// Where a piece of text will stand, which decides what must be escaped there. In every form the result has
/// no byte below 0x20 and no DEL, so that no text can begin a new line or steer a terminal.
enum class escape_form {
    message,  ///< free text: controls, invalid UTF-8 and invisible direction marks become \xHH for each byte
    quoted,   ///< between double quotes: as `message`, and `"` and `\` get a backslash before them
    word,     ///< a value without quotes: all but graphic ASCII becomes \xHH, and so do `"`, `\` and `=`
    nginx,    ///< what nginx writes between quotes: all but 0x20..0x7E becomes \xHH, and so do `"` and `\`
    json,     ///< inside a JSON string (RFC 8259 section 7); invalid bytes become \ufffd
};

/// Appends `text`, escaped for `form`.
void append_escaped(line_buffer& out, std::string_view text, escape_form form);

/// `text` escaped for a log line. Only needed for lines that are not written by `log`, which escapes by
/// itself.
std::string escape_for_log(std::string_view text, escape_form form = escape_form::quoted);

}  // namespace fairlead::telemetry
