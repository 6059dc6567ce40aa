#pragma once

#include "http/host.hpp"
#include "http/refusal.hpp"

#include <cstdint>
#include <optional>

namespace fairlead::http {

/// How the end of a request body is found (RFC 9112 section 6.3).
struct body_framing {
    enum class kind { none, length, chunked };
    enum kind kind = kind::none;
    std::uint64_t length = 0;  ///< bytes, at most 2^63 - 1; only for kind::length
};

/// Decides the framing of a request body. Deliberately stricter than the RFC: whatever two recipients could
/// read in two ways is refused and closes the connection. 400: Content-Length with Transfer-Encoding, more
/// than one Content-Length (equal ones too), anything but digits in it, a value past 2^63 - 1,
/// Transfer-Encoding in HTTP/1.0, chunked repeated, not last or with parameters, a broken list. 501: a coding
/// other than chunked.
checked<body_framing> decide_framing(const field_table& fields, unsigned version_minor) noexcept;

/// What the fields say about the exchange itself.
struct head_facts {
    std::optional<host_parts> host;  ///< of the Host field; absent only in HTTP/1.0
    bool keep_alive = false;         ///< what the client asks for (RFC 9112 section 9.3)
    bool expects_continue = false;   ///< Expect: 100-continue; never true for HTTP/1.0
};

/// A Host value that was accepted before, with its parts: clients repeat it, and comparing costs less than
/// parsing.
struct known_host {
    std::string_view text;
    host_parts parts;  ///< views into `text`
};

/// Checks Host (400 when it is missing in HTTP/1.1, repeated, or malformed; RFC 9112 section 3.2), reads all
/// Connection lines and Expect (417 for an expectation other than 100-continue). Refusals close the
/// connection.
checked<head_facts> check_head(const field_table& fields, unsigned version_minor,
                               const known_host* known = nullptr) noexcept;

}  // namespace fairlead::http
