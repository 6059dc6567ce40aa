#pragma once

#include "http/problem.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace fairlead::session {

/// Most field lines of one head; more is 431. Beast's own limit counts bytes, and only when it gets them at
/// once.
inline constexpr std::size_t max_field_lines = 256;
using field_storage = std::array<http::field_view, max_field_lines>;

/// A request head as views into the buffer that was parsed.
struct request_head {
    http::verb method = http::verb::unknown;
    std::string_view method_text;
    std::string_view target;
    unsigned version_minor = 1;  ///< 0 or 1: a higher minor version is served as 1.1 (RFC 9110 section 2.5)
    http::field_table fields;
    /// Copies what the head says of the request; the views stay views of the head.
    void fill(http::request& request) const noexcept {
        request.method = method;
        request.method_text = method_text;
        request.target = target;
        request.version_minor = version_minor;
        request.fields = fields;
        request.authority = fields[http::field::host];
    }

    std::size_t size = 0;  ///< bytes of the head, with empty lines before it and the empty line that ends it
};

/// Looks for the end of a head without parsing it, so that the size limit holds whatever Beast does, and so
/// that Beast sees every head at once. Remembers how far it looked: a head that drips in is scanned once.
class head_scanner {
public:
    enum class state { incomplete, complete, refused };

    /// `limit`: most bytes of a head.
    explicit head_scanner(std::size_t limit) noexcept : limit_(limit) {}

    /// Looks at `bytes`, which begin where the head begins; a further call gets the same bytes and more.
    /// Refused: bare LF, obs-fold, a first byte that no method begins with (400), or beyond the limit (414
    /// while still in the request line, else 431): `refusal()` says which.
    state scan(std::span<const char> bytes);

    /// Bytes of the complete head.
    std::size_t head_size() const noexcept { return line_begin_; }
    /// True when bytes of a head were seen (empty lines before it do not count).
    bool has_begun() const noexcept { return begun_; }
    const http::problem& refusal() const noexcept { return *refusal_; }
    /// Forgets the head: the next one begins.
    void reset() noexcept {
        position_ = line_begin_ = 0;
        empty_lines_ = lines_ = 0;
        begun_ = false;
    }

private:
    bool check_line_begin(char first);
    state refuse(http::status status, std::string detail);
    state too_large();

    std::size_t limit_;
    std::size_t position_ = 0;    // where the search for the next LF goes on
    std::size_t line_begin_ = 0;  // first byte of the line being searched
    unsigned empty_lines_ = 0;
    unsigned lines_ = 0;
    bool begun_ = false;
    std::unique_ptr<http::problem> refusal_;  // rarely there: an idle connection keeps a pointer only
};

/// Parses a complete head with Beast's parser and checks what it lets through (lib/README.md lists it).
/// `head` is written to: a minor version above 1 becomes 1, which Beast would refuse. Nothing: `out` is
/// filled, with views into `head` and lines in `storage`.
std::optional<http::problem> parse_head(std::span<char> head, field_storage& storage, request_head& out);

}  // namespace fairlead::session
