#include "session/http1_writer.hpp"

#include "base/text.hpp"
#include "http/date.hpp"
#include "http/problem.hpp"

#include <array>
#include <ctime>

namespace fairlead::session {
namespace {

char* put_status_line(char* out, http::status status) {
    if (status == http::status::ok) return put(out, "HTTP/1.1 200 OK\r\n");
    out = put(out, "HTTP/1.1 ");
    out = put(out, static_cast<std::uint64_t>(status));
    *out++ = ' ';
    out = put(out, http::reason_phrase(status));
    return put(out, "\r\n");
}

}  // namespace

std::string_view current_date_line() {
    struct cached_line {
        std::time_t second = -1;
        std::array<char, 37> text;  // "Date: ", 29 bytes of date, CRLF
    };
    thread_local cached_line cached;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != cached.second) {
        cached.second = now.tv_sec;
        put(put(put(cached.text.data(), "Date: "), http::view(http::format_date(now.tv_sec))), "\r\n");
    }
    return {cached.text.data(), cached.text.size()};
}

std::string keep_alive_lines(std::chrono::seconds idle_timeout) {
    return "\r\nConnection: keep-alive\r\nKeep-Alive: timeout=" + std::to_string(idle_timeout.count()) +
           ", max=";
}

char* write_head(char* out, const http::response& answer, const head_options& options) {
    out = put_status_line(out, answer.status);
    out = put(out, current_date_line());
    out = put(out, answer.prebuilt);
    out = put(out, answer.fields.text());
    out = put(out, answer.common);
    // No Content-Length where the status has no content (RFC 9110 section 8.6); for 304 it would describe the
    // 200.
    if (const auto* made = std::get_if<http::stream_body>(&answer.body); made && !made->length) {
        if (options.may_chunk) out = put(out, "Transfer-Encoding: chunked\r\n");
    } else if (has_content(answer, false) && !std::holds_alternative<http::tunnel_body>(answer.body)) {
        out = put(out, "Content-Length: ");
        out = put(out, http::body_length(answer.body));
        out = put(out, "\r\n");
    }
    out = put(out, "X-Request-Id: ");
    out = put(out, options.request_id);
    if (std::holds_alternative<http::tunnel_body>(answer.body)) return put(out, "\r\n\r\n");
    if (!options.keep) return put(out, "\r\nConnection: close\r\n\r\n");
    out = put(out, options.keep_alive);
    out = put(out, std::uint64_t{options.requests_left});
    return put(out, "\r\n\r\n");
}

}  // namespace fairlead::session
