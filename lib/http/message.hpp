#pragma once

#include "base/error.hpp"
#include "base/ip_address.hpp"
#include "base/task.hpp"
#include "http/method_set.hpp"
#include "http/rate_account.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The only types that handlers and steps see. They know no transport: the bytes behind the views belong to
/// the session, which keeps them until the answer has been sent.
namespace fairlead::net {
class body_feed;
struct opened_tunnel;
}  // namespace fairlead::net

namespace fairlead::http {

using boost::beast::http::field;
using boost::beast::http::status;
using boost::beast::http::verb;

/// One field line: views into the request head.
struct field_view {
    field id = field::unknown;  ///< field::unknown when the name is not in Beast's table
    std::string_view name;
    std::string_view value;  ///< without surrounding white space
};

/// The field lines of a request in the order received.
class field_table {
public:
    field_table() = default;
    explicit field_table(std::span<const field_view> lines) noexcept : lines_(lines) {}
    auto begin() const noexcept { return lines_.begin(); }
    auto end() const noexcept { return lines_.end(); }
    std::size_t size() const noexcept { return lines_.size(); }
    /// The value of the first line with this name, or nullptr.
    const std::string_view* find(field id) const noexcept {
        for (const auto& line : lines_)
            if (line.id == id) return &line.value;
        return nullptr;
    }
    /// The value of the first line with this name, or an empty view.
    std::string_view operator[](field id) const noexcept {
        const auto* value = find(id);
        return value ? *value : std::string_view{};
    }
    std::size_t count(field id) const noexcept {
        std::size_t n = 0;
        for (const auto& line : lines_) n += line.id == id;
        return n;
    }

private:
    std::span<const field_view> lines_;
};

/// A body that is asked for its next piece: that of a request, or one that is made while it is sent. Reading
/// 0 bytes means that it is complete.
class body_reader {
public:
    virtual ~body_reader() = default;
    /// Fills the front of `buffer`; 0 at the end of the body. Errors of a request's body: errc::end_of_stream
    /// (the peer left early), errc::timeout (slower than `min_body_rate`), errc::bad_framing, or the socket's
    /// error. Of one that is made: errc::file_changed, or whatever its source met.
    virtual task<result<std::size_t>> read_some(std::span<char> buffer) = 0;
    /// The announced length in bytes, or -1 when it is not known before the end (chunked).
    virtual std::int64_t length() const noexcept = 0;
    /// The trailer section of a request's body that has been read to its end: lines as in
    /// http/chunked.hpp, which belong to no field that a handler sees unless it asks for them here.
    virtual std::string_view trailer() const noexcept { return {}; }
    /// Another way to read the body of a request, for those who wait for something else at the same time
    /// (net/body_feed.hpp). Tells a client that waits for it to send. nullptr: there is only `read_some`.
    virtual task<net::body_feed*> feed() { co_return nullptr; }
};

/// Identity of the peer and of the listener, as text for the log.
struct peer_info {
    std::string_view address;  ///< textual IP address, without port
    std::uint16_t port = 0;
    ip_address ip{};  ///< what `address` says
};

/// The end of a connection on this machine.
struct local_end {
    ip_address ip;
    std::uint16_t port = 0;
};

/// What a handler may know of the connection that a request came on. Any thread may ask while the request is
/// at work.
class connection_view {
public:
    virtual ~connection_view() = default;
    /// True when nobody would read an answer: the connection was reset, or is closed in both directions. A
    /// client that only said that it sends no more (FIN) has not left.
    virtual bool has_left() const noexcept = 0;
    /// True when the client has ended what it sends (FIN), and there is nothing behind the request.
    virtual bool has_said_all() const noexcept { return false; }
    /// The address and port that the client reached; "::" and 0 where there are none.
    virtual local_end local() const noexcept = 0;
};

class access_map;

/// Text that members of a request view and that is not in its head; few requests have any.
struct request_texts {
    std::string client;      ///< address, where a proxy has named it
    std::string target;      ///< that a program has chosen in place of the one asked for
    std::string path;        ///< decoded, or put in the place of another one
    std::string asked_path;  ///< that other one
};

/// A request as handlers see it.
struct request {
    verb method = verb::unknown;
    std::string_view method_text;  ///< as received
    std::string_view target;       ///< as received (RFC 9112 section 3.2)
    unsigned version_minor = 1;    ///< HTTP/1.x
    field_table fields;
    peer_info peer;       ///< who is connected
    peer_info client;     ///< who asks: the peer, or whom a proxy names that is trusted
    std::string_view id;  ///< X-Request-Id of the answer
    std::chrono::steady_clock::time_point received;
    body_reader* body = nullptr;  ///< nullptr when the request has no body (no Content-Length, no chunks)
    const connection_view* connection = nullptr;  ///< nullptr while the request may not wait
    std::string_view user;                        ///< who has proved to be that; empty: nobody
    std::size_t known_among = 0;         ///< number of the users among whom he is known (http::access_map)
    const access_map* access = nullptr;  ///< the rules of the site; nullptr: there are none
    mutable bool is_personal = false;    ///< a rule was asked whose answer depends on who asks

    /// What the part of the site takes; nothing else is answered, whatever a handler could do.
    method_set allowed = method_set::all();

    // Filled by the session from Host, and by the site from an absolute-form target, which wins (RFC 9112
    // section 3.2.2):
    std::string_view authority;  ///< host[:port] that the request names; empty in HTTP/1.0 without Host
    std::string_view host_name;  ///< its name, without port; an IPv6 address has its brackets

    // Filled by the site from `target` before a step or a handler runs:
    std::string_view path;        ///< decoded, normalised, begins with '/' (or is "*")
    std::string_view asked_path;  ///< the path before another one was put in its place; else empty
    std::string_view query;       ///< as received, without '?'
    bool has_query = false;       ///< tells "/a?" from "/a"
    rate_account account;         ///< filled by the limit of rates; the session charges it at the end

    /// Where such text is kept. Copies of a request share it, so what one replaces is gone for all.
    request_texts& texts() {
        if (!texts_) texts_ = std::make_shared<request_texts>();
        return *texts_;
    }
    void set_user(std::shared_ptr<const std::string> name) {
        user_name_ = std::move(name);
        user = *user_name_;
    }

private:
    std::shared_ptr<request_texts> texts_;
    std::shared_ptr<const std::string> user_name_;
};

/// Text, and behind it a part of a file (one part of multipart/byteranges).
struct file_part {
    std::string lead;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Part of an opened file. `owner` keeps the descriptor open, or the memory. `expected_*` were taken from the
/// `fstat` that decided the answer: the sender compares them before the last piece leaves, so that a file
/// which was rewritten meanwhile is not completed.
struct file_slice {
    std::shared_ptr<const void> owner;
    int fd = -1;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t expected_size = 0;
    std::int64_t expected_mtime_ns = 0;
    const char* memory = nullptr;  ///< all of it, in pages that nobody can change: then there is no `fd`, and
                                   ///< nothing to compare
    bool is_copied = false;  ///< to be read and sent: what the kernel has taken can then not change any more
    std::vector<file_part> parts;  ///< if there are any, they are sent, and not `offset` and `length`

    /// Bytes that are sent: of all parts with their text.
    std::uint64_t total_length() const noexcept;
};

/// Bytes in memory that `owner` keeps alive (a cached small file).
struct memory_slice {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
};

/// A body that is made while it is sent, in bounded memory. Where its length is known only at its end it is
/// sent in chunks, or up to the end of the connection where the client does not know chunks. When it fails,
/// or is shorter than was announced, the connection ends without the last chunk or byte; what is longer is
/// cut.
struct stream_body {
    std::unique_ptr<body_reader> source;
    std::optional<std::uint64_t> length = std::nullopt;  ///< bytes, if they are known before
};

/// What the client speaks with behind this answer, in place of HTTP: bytes go there and back, untouched,
/// until both have ended (RFC 9110 section 9.3.6).
struct tunnel_body {
    std::shared_ptr<net::opened_tunnel> way;
};

using body = std::variant<std::monostate, std::string, memory_slice, file_slice, stream_body, tunnel_body>;

/// Length in bytes that `Content-Length` announces; 0 for a stream that has none.
std::uint64_t body_length(const body& value) noexcept;

/// Field lines of an answer, kept as the text that is sent: `Name: value CRLF` each.
class field_block {
public:
    /// Appends a line. A value or name with CR, LF or NUL is refused (RFC 9110 section 5.5): false, nothing
    /// added.
    bool add(std::string_view name, std::string_view value);
    /// Appends lines that were checked before, each with its CRLF.
    void add_prebuilt(std::string_view lines) { text_.append(lines); }
    std::string_view text() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    /// The value of the first line with this name (ASCII case ignored), or an empty view. For tests and
    /// steps.
    std::string_view get(std::string_view name) const noexcept;

private:
    std::string text_;
};

/// An answer. The session adds Date, Content-Length, Connection and X-Request-Id.
struct response {
    http::status status = http::status::ok;
    std::string_view
        prebuilt;  ///< field lines that the body's owner holds (a cached file); sent before `fields`
    std::string_view common;  ///< field lines of the site or route, which outlives the answer
    field_block fields;
    http::body body;
    /// The path and query that the site answers with, by GET, in place of this (RFC 3875 section 6.2.2).
    std::string local_location;
    bool close = false;     ///< the connection cannot go on after this answer
    bool is_quiet = false;  ///< no line in the access log (health checks)
};

}  // namespace fairlead::http
