#pragma once

#include "http/glob.hpp"

#include <cstddef>
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

/// Wider than RFC 3986 only by '[', ']' and a second '#', which harm nobody.
bool is_uri_byte(char c) noexcept;

/// Appends `text` with the bytes that no URI has, and those of `more`, percent-encoded.
void append_encoded(std::string& out, std::string_view text, std::string_view more);

}  // namespace fairlead::http
