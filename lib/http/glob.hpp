#pragma once

#include "http/parse_result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// A pattern of the configuration for paths or file names:
///   *        any characters but '/', perhaps none
///   **       any characters, '/' too, perhaps none
///   ?        one character (UTF-8) but '/'; a byte that is not UTF-8 counts as one
///   {js,css} one of the alternatives; they may have wildcards and may be empty, but have no braces
///   \x       x itself
/// Everything else is itself; case counts. The whole text has to match. Wildcards take as little as possible,
/// the first of them first; of alternatives the first that leads to a match counts.
///
/// Each wildcard and each pair of braces captures what it took, numbered by where it begins in the pattern,
/// also inside of braces (there empty when another alternative was taken). The first `max_captures` are kept.
///
/// Immutable once parsed; safe from any thread. A match allocates nothing and takes time proportional to
/// pattern x text at worst, whatever both are; a text that begins or ends otherwise than the literal ends of
/// the pattern is refused by comparing these only.
class glob {
public:
    static constexpr std::size_t max_pattern_bytes = 512;
    /// Of all braces of a pattern together.
    static constexpr std::size_t max_alternatives = 64;
    static constexpr unsigned max_captures = 9;

    /// Views of the text that was matched; `$1` is the first.
    using captures = std::array<std::string_view, max_captures>;

    /// The glob, or one sentence that says what is wrong and what to write. Refused: more than
    /// `max_pattern_bytes` or `max_alternatives`, what is not UTF-8, "***", '[' and '}' without '\', braces
    /// that are empty, nested or left open, a '\' at the end.
    static parse_result<glob> parse(std::string_view pattern);

    /// Whether all of `text` (of any bytes, below 4 GiB) matches.
    bool matches(std::string_view text) const noexcept {
        return has_ends_of(text) && (!has_wildcards_ || simulate(text, nullptr));
    }

    /// The same; when it matches, `found` has the captures, and empty views behind the last one. Otherwise
    /// `found` is left alone.
    bool match(std::string_view text, captures& found) const noexcept {
        return has_ends_of(text) && simulate(text, &found);
    }

    /// How many captures are kept, 0 to `max_captures`.
    unsigned capture_count() const noexcept { return capture_count_; }

    /// False when exactly one text matches, which `literal_prefix()` then is.
    bool has_wildcards() const noexcept { return has_wildcards_; }

    /// What each text that matches begins with: the pattern up to the first wildcard or brace, without
    /// escapes.
    std::string_view literal_prefix() const noexcept { return prefix_; }

    /// Some texts that match, to try rules with: "x" for each wildcard, and once more with "x/y" for `**`;
    /// every alternative is in one of them. At most 2 x `max_alternatives`.
    std::vector<std::string> samples() const;

private:
    class compiler;
    class simulation;

    /// An instruction of the automaton that the pattern is compiled to.
    struct step {
        enum class kind : std::uint8_t {
            character,  ///< takes the character whose bytes are `value`
            one,        ///< `?`
            segment,    ///< `*`: goes on, or takes a character and stays
            path,       ///< `**`: the same
            mark,       ///< keeps the position as mark `value`: 2n is the begin of capture n, 2n + 1 its end
            split,      ///< goes on, or else to step `value`, the next alternative
            jump,       ///< goes to step `value`
            accept,     ///< the pattern ends here
        };
        enum kind kind;
        std::uint32_t value;
    };
    /// Each byte of a pattern makes at most one step; each alternative and each kept capture two more.
    static constexpr std::size_t max_steps = max_pattern_bytes + 2 * max_alternatives + 2 * max_captures + 1;

    glob() = default;

    bool has_ends_of(std::string_view text) const noexcept {
        if (!has_wildcards_) return text == prefix_;
        return text.starts_with(prefix_) && text.ends_with(suffix_);
    }
    bool simulate(std::string_view text, captures* found) const noexcept;
    std::string sample(std::string_view for_path, std::size_t alternative) const;

    std::string prefix_;
    std::string suffix_;       ///< the literal end behind the last wildcard or brace; `steps_` have it, too
    std::vector<step> steps_;  ///< what follows the prefix
    std::size_t longest_choice_ = 1;  ///< alternatives of the braces that have most of them
    unsigned capture_count_ = 0;
    bool has_wildcards_ = false;
};

}  // namespace fairlead::http
