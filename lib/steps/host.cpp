#include "steps/host.hpp"

namespace fairlead::steps {

std::optional<http::problem> host::before(http::request& request) const {
    // HTTP/1.0 knows no Host; what it asks for is this server.
    if (request.host_name.empty() && request.version_minor == 0) return std::nullopt;
    if (allowed_.allows(request.host_name)) return std::nullopt;
    http::problem unlisted;
    unlisted.status = http::status::forbidden;
    unlisted.detail = "This server does not serve the host name that the request names.";
    unlisted.log_detail =
        "host \"" + std::string(request.host_name) + "\" is not listed: add it to \"hosts\" to allow it";
    unlisted.event = http::security_event::host;
    return unlisted;
}

}  // namespace fairlead::steps
