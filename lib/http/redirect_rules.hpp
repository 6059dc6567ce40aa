#pragma once

#include "http/glob.hpp"
#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::http {

/// Text with `$1` to `$9` for the captures of a glob and `$$` for a dollar.
class capture_template {
public:
    /// The template, or one sentence: another character behind '$', or a capture that the pattern has not.
    static parse_result<capture_template> parse(std::string_view text, unsigned capture_count);

    /// How a capture is written.
    enum class form {
        plain,  ///< as it is
        path,   ///< percent-encoded as `encode_path` does
        query,  ///< also `& = + ;`, so that a capture cannot bring a parameter of its own
    };

    /// Appends the text with the captures filled in. False, with a part of it appended, as soon as `out` has
    /// more than `most_bytes`: how much memory a client can ask for does not depend on how often a capture is
    /// used.
    bool append_to(std::string& out, const glob::captures& captures, form how, std::size_t most_bytes) const;

private:
    struct piece {
        std::string text;
        unsigned capture = 0;  ///< what follows the text, counted from 1; 0 is nothing
    };
    std::vector<piece> pieces_;
};

/// The left sides of an ordered list of rules, and which of them is the first to match a path.
class path_patterns {
public:
    struct match {
        std::size_t rule = 0;  ///< counted from 0
        glob::captures captures;
    };

    /// The glob of a rule to add, or one sentence: what `glob::parse` refuses, a pattern that does not begin
    /// with
    /// '/', one that is there already (of those without wildcards: one that matches the same path).
    parse_result<glob> parse(std::string_view from) const;

    /// Appends a rule that `parse` let through.
    void add(std::string_view from, glob pattern);

    /// The first rule in order that matches. Those without wildcards cost one look into a hash table, however
    /// many there are. Does not allocate.
    std::optional<match> find(std::string_view path) const noexcept;

    const glob& operator[](std::size_t rule) const noexcept { return rules_[rule].pattern; }
    std::size_t size() const noexcept { return rules_.size(); }

private:
    struct entry {
        std::string text;
        glob pattern;
    };
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept;
    };

    std::vector<entry> rules_;
    std::unordered_map<std::string, std::size_t, hash, std::equal_to<>> exact_;  ///< path to rule
    std::vector<std::size_t> wildcards_;  ///< the rules with wildcards, in order
};

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

private:
    struct target {
        http::status status = http::status::found;
        bool is_local = false;
        capture_template path;  ///< with scheme and authority
        std::optional<capture_template> query;
        std::optional<capture_template> fragment;
    };

    static parse_result<target> read_target(std::string_view to, unsigned captures);
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
