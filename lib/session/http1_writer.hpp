#pragma once

#include "http/message.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::session {

/// What the head of an answer says beside the response itself.
struct head_options {
    bool is_head = false;         ///< the request was HEAD: Content-Length without a body
    bool may_chunk = true;        ///< the client knows chunks (HTTP/1.1)
    bool keep = true;             ///< the connection goes on
    unsigned requests_left = 0;   ///< announced by Keep-Alive when `keep`
    std::string_view keep_alive;  ///< from `keep_alive_lines`: needed when `keep`
    std::string_view request_id;
};

/// The lines `Connection` and `Keep-Alive` of an answer after which the connection goes on, up to the number
/// of requests that are left: the same for all of a server, so made once.
std::string keep_alive_lines(std::chrono::seconds idle_timeout);

/// Longest head that `write_head` makes beside the answer's own field lines: status line, Date,
/// Content-Length, Connection, Keep-Alive, X-Request-Id.
inline constexpr std::size_t head_overhead = 512;

/// Writes status line and field lines to `out`, which has room for `head_overhead` bytes beside the answer's
/// own field lines. Returns its end.
char* write_head(char* out, const http::response& answer, const head_options& options);

/// Bytes of the answer's own field lines.
inline std::size_t own_head_size(const http::response& answer) noexcept {
    return answer.prebuilt.size() + answer.fields.text().size() + answer.common.size();
}

/// True when the answer to such a request has content after its head (RFC 9110 section 6.4.1).
inline bool has_content(const http::response& answer, bool is_head) noexcept {
    const auto code = static_cast<unsigned>(answer.status);
    return !is_head && code >= 200 && code != 204 && code != 304;
}

/// The line `Date: ...` of now with its CRLF (RFC 9110 section 6.6.1), formatted once a second for each
/// thread; valid until this thread's next call.
std::string_view current_date_line();

}  // namespace fairlead::session
