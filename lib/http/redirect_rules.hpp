#pragma once

#include "http/message.hpp"
#include "http/path_patterns.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Most bytes of the right side of a rule.
inline constexpr std::size_t max_rule_target_bytes = 2048;

/// What a path that has moved is answered with.
struct redirect {
    http::status status = http::status::found;
    std::string location;  ///< for Location (RFC 9110 section 10.2.2); empty for 410
    bool operator==(const redirect&) const = default;
};

/// Rules that lead a client in a circle, or on without end.
struct redirect_loop {
    std::size_t first_rule = 0;  ///< the rule that is met first, counted from 0
    std::string chain;           ///< the paths, decoded: "/a -> /b -> /a"
};

/// Redirects of a site, in order. Immutable once built; safe from any thread.
class redirect_rules {
public:
    /// Most redirects that may follow each other.
    static constexpr unsigned max_hops = 10;

    /// Appends a rule. Returns what is wrong with it and what to write, in one sentence; then nothing is
    /// appended. `from` is a glob on the normalised, decoded path. `to` is "[STATUS] TARGET" or "410". STATUS
    /// is 301, 302 (the default), 303, 307 or 308 (RFC 9110 section 15.4). TARGET is URI text (RFC 3986),
    /// which is not encoded again: a path of this server, or an http or https URI. It may have `$1` to `$9`
    /// and `$$`, but not in its scheme and authority.
    std::optional<std::string> add(std::string_view from, std::string_view to);

    bool empty() const noexcept { return patterns_.size() == 0; }

    /// What the first rule that matches answers to a normalised, decoded path. `query` is the one of the
    /// request, still encoded; it is kept, behind that of the target when there is one.
    ///
    /// The location has only bytes that a URI may have, so never CR or LF. Where the target is a path it
    /// begins with one '/', so that no capture can name another host (RFC 3986 section 4.2). Nothing when it
    /// would have more than 4096 + 3 x (path + query) bytes, which takes a rule that uses a capture several
    /// times.
    std::optional<redirect> find(std::string_view path, std::string_view query, bool has_query) const;

    /// The first rule, tried with `glob::samples`, from which targets on this server lead back to a path, or
    /// on for more than `max_hops` or to a path of more than 4096 bytes. Queries do not count. For the start.
    std::optional<redirect_loop> find_loop() const;

    /// The first rule that takes the slash from the end of a path, tried as above. Where there is a folder it
    /// is put back: a circle that only the file system knows.
    std::optional<std::size_t> find_slash_taker() const;

private:
    struct target {
        http::status status = http::status::found;
        bool is_local = false;
        capture_template path;  ///< with scheme and authority
        std::optional<capture_template> query;
        std::optional<capture_template> fragment;
    };

    static parse_result<target> read_target(std::string_view to, unsigned captures);
    std::optional<std::string> next_path(std::string_view path) const;
    std::optional<redirect_loop> follow(std::string path) const;

    path_patterns patterns_;
    std::vector<target> targets_;
};

/// Paths of a site that are answered with what stands at another one. Immutable once built; safe from any
/// thread.
class rewrite_rules {
public:
    /// Appends a rule. Returns what is wrong with it, as `redirect_rules::add` does. `to` is a path with `$1`
    /// to
    /// `$9` and `$$`, decoded as a file name is, without query, '%', '\' and segments that are empty or dots.
    std::optional<std::string> add(std::string_view from, std::string_view to);

    bool empty() const noexcept { return patterns_.size() == 0; }

    /// The path that the first matching rule makes of a normalised, decoded one; it is applied once. Nothing
    /// when none matches, when the result is not a normalised path, or has more than 4096 + 3 x path bytes.
    /// The result is a path like any other: whether it is hidden or may be served has still to be asked.
    std::optional<std::string> find(std::string_view path) const;

private:
    path_patterns patterns_;
    std::vector<capture_template> targets_;
};

}  // namespace fairlead::http
