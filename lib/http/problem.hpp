#pragma once

#include "http/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::http {

/// Why a security event is logged (resources/fail2ban).
enum class security_event {
    none,
    traversal,
    host,
    special_file,
    symlink,
    auth,      ///< a wrong name or password
    throttle,  ///< turned away unheard after too many of these
    tunnel,    ///< a destination that is not allowed
};

/// A refusal as a value. `detail` is shown to the client and never names a path of the server, an errno or a
/// version; `log_detail` may, and goes to the log with the request id.
struct problem {
    http::status status = http::status::internal_server_error;
    std::string detail;      ///< one sentence for the client: what, which limit, what to do
    std::string log_detail;  ///< for the log only
    field_block fields;      ///< Allow, Retry-After, ...
    bool close = false;      ///< the connection cannot go on (RFC 9112 section 6.3)
    security_event event = security_event::none;
};

/// A refusal with a sentence for the client.
problem refuse(http::status status, std::string_view detail);
/// The same, after which the connection cannot go on.
problem refuse_and_close(http::status status, std::string_view detail);

/// What a handler or a step answers with.
using outcome = std::variant<response, problem>;

/// The refusal for a failed system call or one of our own errors: ENOENT/ENOTDIR 404,
/// EACCES/EPERM/ELOOP/EXDEV/ENXIO 403, ENAMETOOLONG 414, ENOSPC/EDQUOT 507, EMFILE/ENFILE 503 with
/// Retry-After, errc::timeout 408, errc::too_large 413, errc::overloaded 503, errc::bad_framing 400, anything
/// else 500. `log_detail` gets the error's message.
problem problem_from(error_code error);

/// The reason phrase of RFC 9110 ("Content Too Large", where Beast still has the older name), or "Unknown
/// Status".
std::string_view reason_phrase(status code) noexcept;

/// A page of the configuration that stands for the built-in one.
struct error_page {
    std::string content_type;
    std::string text;
};

/// Renders a refusal: `application/problem+json` (RFC 9457) when `Accept` prefers it to HTML, else `page`,
/// else a small HTML page. JSON and the small page carry status, title, detail and the request id; all have
/// `Vary: Accept`.
response render(const problem& refusal, std::string_view accept, std::string_view request_id,
                const std::shared_ptr<const error_page>& page = nullptr);

}  // namespace fairlead::http
