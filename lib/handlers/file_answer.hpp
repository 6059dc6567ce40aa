#pragma once

#include "files/open_files.hpp"
#include "http/problem.hpp"

#include <memory>
#include <optional>

/// The answer to GET and HEAD of a file that was opened, and that may be served.
namespace fairlead::handlers {

/// What a request says that makes more of an answer than the whole file as it is.
struct asked_for {
    bool conditions = false;  ///< a precondition or a range
    bool coding = false;      ///< Accept-Encoding
    bool range = false;       ///< Range
};
asked_for read_asked_for(const http::request& request) noexcept;

/// 200 with all of the file.
void send_whole(std::shared_ptr<const files::open_file> file, http::response& answer);

/// 304 or 412, when the preconditions of the request say so (RFC 9110 section 13.2.2).
std::optional<http::outcome> check_preconditions(const http::request& request,
                                                 const std::shared_ptr<const files::open_file>& file);

/// Whether Range is there, valid, and to be obeyed (RFC 9110 sections 13.1.5 and 14.2) of a file that this
/// client would get in another form. Preconditions must not speak for that one: a tag in If-Match that is not
/// the file's own, or a date in If-Range or If-Unmodified-Since, which is the same for all forms.
bool is_range_of_this_form(const http::request& request, const files::open_file& file);

/// What Range asks for: 206, 416, or 200 with all of it. Preconditions were checked.
http::outcome send_ranges(const http::request& request, std::shared_ptr<const files::open_file> file);

/// `Expires` for a client of HTTP/1.0, which need not know `Cache-Control: max-age` (RFC 9111 section 5.3).
void add_expires(const http::request& request, const files::open_file& file, http::response& answer);

}  // namespace fairlead::handlers
