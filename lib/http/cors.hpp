#pragma once

#include "http/message.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// What the configuration says about CORS.
struct cors_options {
    std::vector<std::string> origins;  ///< as `cors_policy::check_origin` says; at least one
    bool credentials = false;          ///< whether cookies and passwords may go with a request; not with "*"
    std::vector<std::string> methods{"GET", "HEAD"};  ///< or "*" for all, without credentials
    std::vector<std::string> headers;   ///< request fields beyond the safelisted ones; or "*" as above, which
                                        ///< for browsers does not cover Authorization: name it, too
    std::vector<std::string> expose;    ///< fields of answers beyond the safelisted ones; or "*" as above
    std::chrono::seconds max_age{600};  ///< how long a browser may remember a preflight; 0 to 24 hours
};

/// Whose scripts may read answers (Fetch standard, section "HTTP CORS protocol"). It keeps nobody from
/// sending a request: what is not to happen must be refused elsewhere. Private network access is not
/// supported: its request field is not answered, so a browser that asks is refused. Immutable once built;
/// safe from any thread.
class cors_policy {
public:
    /// One sentence that says what to write in place of `text`, or nothing when it is one of these:
    ///   "https://app.example.org:8443"  exact; any scheme, host and perhaps port, nothing behind them
    ///   "https://*.example.org"         one or more labels before example.org, same scheme and port
    ///   "null"                          sandboxed frames and files, of whatever site
    ///   "*"                             everybody
    /// Upper case and default ports are brought into the form that browsers send. A '/' or more behind the
    /// host, userinfo, bytes from 0x80, and a pattern with one label only ("https://*.org") are refused.
    /// Which names are for the public to register ("*.co.uk") is not known here. An IPv6 address is compared
    /// as text: it has to be in the shortest form.
    static std::optional<std::string> check_origin(std::string_view text);

    /// Which of the options is wrong, and one sentence that says what is wrong and what to write.
    struct fault {
        std::string_view option;  ///< "origins", "methods", "headers", "expose" or "max_age"
        std::string message;
    };
    static std::optional<fault> find_fault(const cors_options& options);

    /// The policy, or what is wrong, as `find_fault` says. Refused beyond the above: no
    /// origin, no method; "*" beside other origins; "*" or "null", which any site can make a frame send, with
    /// credentials; names that are no tokens or have a '*' beside other characters; methods in lower case,
    /// and CONNECT, TRACE and TRACK, which no browser sends; more than 2048 bytes in one of the lists.
    static boost::system::result<cors_policy, std::string> parse(const cors_options& options);

    /// Whether scripts of this origin may read answers. `origin` is compared byte by byte, since browsers
    /// compare what is echoed in the same way. Does not allocate.
    bool allows(std::string_view origin) const noexcept;

    /// OPTIONS with Origin and Access-Control-Request-Method: asked by the browser, not by a script.
    static bool is_preflight(const request& request) noexcept;

    /// The answer to a preflight: 204, with the fields that permit what was asked when origin and method are
    /// allowed, else with none of them. They list what the configuration allows; the browser looks there for
    /// the request fields that it wants to send. Nothing of the request is repeated but an allowed origin, so
    /// the size does not depend on it.
    response preflight(const request& request) const;

    /// Adds the fields of every other answer, errors too, of which scripts could else not even see the
    /// status. `Vary: Origin` also where Origin is missing or refused, so that a cache does not keep that
    /// answer for those who are allowed. When everybody is, each answer says so and none varies.
    void add_fields(const request& request, field_block& fields) const;

private:
    /// An origin of which the first labels are open: `head` + labels + `tail`.
    struct pattern {
        std::string head;  ///< "https://"
        std::string tail;  ///< ".example.org:8443"
        bool matches(std::string_view origin) const noexcept;
    };

    cors_policy() = default;
    std::optional<std::string> add_origin(std::string_view text);
    std::optional<fault> take(const cors_options& options);
    std::optional<std::string> set_origins(const cors_options& options);
    std::string_view granted_origin(const request& request) const noexcept;
    bool grants_method(const request& request) const noexcept;

    std::vector<std::string> origins_;  ///< sorted
    std::vector<pattern> patterns_;
    std::vector<std::string> methods_;
    std::string preflight_lines_;  ///< with what is not the origin's; each with its CRLF
    std::string answer_lines_;
    bool everybody_ = false;
    bool every_method_ = false;
};

}  // namespace fairlead::http
