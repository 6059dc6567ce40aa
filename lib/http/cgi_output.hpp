#pragma once

#include "http/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http {

/// What the head of a script's output may have. Both are refused when exceeded, never cut off.
struct cgi_output_limits {
    std::size_t max_head_bytes = 32 * 1024;  ///< up to the end of the empty line
    std::size_t max_fields = 100;            ///< those that are not passed on count, too
};

/// What is to be done with the bytes behind the head.
enum class script_body : std::uint8_t {
    sent,     ///< they are the content of the answer
    ignored,  ///< the status has no content, or the answer is a redirect without a Content-Type
    absent,   ///< there is no Content-Type: a single byte makes the output wrong (RFC 3875 section 6.3.1)
};

/// What the head of a script's output says (RFC 3875 section 6).
struct script_head {
    http::status status = http::status::ok;  ///< 200 to 599, not all of them have a name
    field_block fields;                      ///< those that go to the client; never Content-Length
    std::optional<std::uint64_t> length;     ///< Content-Length, at most 2^63 - 1
    script_body body = script_body::sent;
    /// The path and query that the server is to answer with in place of the script, with GET (RFC 3875
    /// section 6.2.2); empty when the output is an answer of its own. As the script wrote it: to be parsed
    /// like the target of a request.
    std::string local_location;
};

/// Reads the head of a script's output as its bytes arrive, from CGI and FastCGI alike; what it says does not
/// depend on how they were cut. Memory is bounded by the limits, time is linear in the input.
///
/// Lines end with CRLF or LF, each by itself. Refused: output without a head or with an empty one, a line
/// that is no field (also the status line of a "non-parsed header" script), folded lines, names that are no
/// token, values with CR, NUL or another control byte; Status, Content-Type, Location or Content-Length that
/// are repeated; a Status that is not 200 to 599; a Content-Length that is not a number; a head with none of
/// Content-Type, Location and Status.
///
/// A Location that begins with one slash, has no fragment and stands alone is one for the server. Any other
/// is sent to the client, as 302 where there is no Status. (Scripts that set a cookie along with such a path
/// mean the client, which is also what the RFC says by forbidding other fields.)
///
/// Not passed on: what belongs to the connection (Connection, Keep-Alive, Proxy-Connection, TE, Trailer,
/// Transfer-Encoding, Upgrade), what the server says itself (Date, Server, X-Request-Id), orders to other
/// servers (X-Accel-*, X-Sendfile, X-LiteSpeed-Location), and Status. Lines with one name stay lines of their
/// own (Set-Cookie).
class cgi_output {
public:
    enum class state : std::uint8_t {
        need_more,  ///< all of the input is consumed
        complete,   ///< `head()` has what it says; what was not consumed is behind it
        refused,    ///< final; `refusal()` says why
    };

    struct step {
        std::size_t consumed = 0;
        state what = state::need_more;
    };

    explicit cgi_output(const cgi_output_limits& limits = {}) noexcept : limits_(limits) {}

    /// Takes bytes up to the end of the head. Not to be called again after `complete`.
    step feed(std::span<const char> input);

    /// Says that the output is over before the head was complete: refused.
    void finish();

    const script_head& head() const noexcept { return head_; }
    script_head take_head() noexcept { return std::move(head_); }

    /// Bytes that the head had so far.
    std::size_t head_bytes() const noexcept { return head_bytes_; }

    /// 502 with the reason for the log.
    problem refusal() const;

private:
    step refuse(std::string reason);
    bool read_line(std::string_view line);
    bool read_own_field(std::string_view name, std::string_view value);
    bool set_once(std::optional<std::string>& field, std::string_view name, std::string_view value);
    bool end_head();
    bool decide_status();

    cgi_output_limits limits_;
    std::string line_;  // begun in an earlier input
    std::size_t head_bytes_ = 0;
    std::size_t fields_ = 0;
    std::optional<std::string> status_;
    std::optional<std::string> content_type_;
    std::optional<std::string> location_;
    std::optional<std::string> length_;
    bool is_complete_ = false;
    std::string reason_;  // of the refusal
    script_head head_;
};

/// The 502 for output that is no answer. `reason` is for the log.
problem bad_script_output(std::string reason);

}  // namespace fairlead::http
