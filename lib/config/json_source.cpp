#include "config/json_source.hpp"

#include "base/text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace fairlead::config {
namespace {

namespace json = boost::json;

/// The offset after the white space and comments that begin at `at`.
std::size_t skip_blank(std::string_view text, std::size_t at) {
    for (;;) {
        at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
        const auto opening = text.substr(at, 2);
        if (opening == "//") {
            at = std::min(text.find('\n', at), text.size());
        } else if (opening == "/*") {
            const auto end = text.find("*/", at + 2);
            at = end == std::string_view::npos ? text.size() : end + 2;
        } else {
            return at;
        }
    }
}

/// The offset after the string whose opening quote stands at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return std::min(at + 1, text.size());
}

struct token {
    std::size_t offset;
    std::string_view text;
};

/// Boost.JSON's parser calls its handler without a position. But it calls in the order of the text, once for
/// the beginning of every value and every key, so the n-th call belongs to the n-th token of this list.
std::vector<token> find_tokens(std::string_view text) {
    std::vector<token> tokens;
    for (auto at = skip_blank(text, 0); at < text.size(); at = skip_blank(text, at)) {
        const auto begin = at;
        if (text[at] == '"')
            at = skip_string(text, at);
        else if (std::string_view("{}[],:").find(text[at]) != std::string_view::npos)
            ++at;
        else
            at = std::min(text.find_first_of(" \t\r\n/{}[],:\"", at + 1), text.size());
        if (std::string_view("}],:").find(text[begin]) == std::string_view::npos)
            tokens.push_back({begin, text.substr(begin, at - begin)});
    }
    return tokens;
}

/// Turns offsets into lines and columns; the offsets must not go back.
class position_counter {
public:
    explicit position_counter(std::string_view text) : text_(text) {}
    position at(std::size_t offset) {
        for (; done_ < offset && done_ < text_.size(); ++done_) {
            const auto byte = static_cast<unsigned char>(text_[done_]);
            if (byte == '\n')
                now_ = {now_.line + 1, 1};
            else if ((byte & 0xC0) != 0x80)
                ++now_.column;
        }
        return now_;
    }

private:
    std::string_view text_;
    std::size_t done_ = 0;
    position now_;
};

/// What boost::json::basic_parser calls while it reads. Builds the tree on a stack of open lists and objects.
struct tree_builder {
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
    using error = boost::system::error_code;

    explicit tree_builder(std::string_view text) : tokens(find_tokens(text)), places(text) {}

    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_object_begin(error&) { return open(node::form::object); }
    bool on_object_end(std::size_t, error&) { return close(); }
    bool on_array_begin(error&) { return open(node::form::list); }
    bool on_array_end(std::size_t, error&) { return close(); }
    bool on_key_part(json::string_view part, std::size_t, error&) { return append(part); }
    bool on_key(json::string_view rest, std::size_t, error&) {
        append(rest);
        const auto where = next();
        stack.back().members.push_back({std::exchange(pending, {}), where.first, {}});
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, error&) { return append(part); }
    bool on_string(json::string_view rest, std::size_t, error&) {
        append(rest);
        return add({node::form::string, next().first, std::exchange(pending, {}), {}, {}});
    }
    bool on_number_part(json::string_view, error&) { return true; }
    bool on_int64(std::int64_t, json::string_view, error&) { return literal(node::form::number); }
    bool on_uint64(std::uint64_t, json::string_view, error&) { return literal(node::form::number); }
    bool on_double(double, json::string_view, error&) { return literal(node::form::number); }
    bool on_bool(bool, error&) { return literal(node::form::boolean); }
    bool on_null(error&) { return literal(node::form::null); }
    bool on_comment_part(json::string_view, error&) { return true; }
    bool on_comment(json::string_view, error&) { return true; }

    std::pair<position, std::string_view> next() {
        // Only in a text that turns out not to be JSON can the two disagree; its tree is thrown away.
        if (taken == tokens.size()) return {};
        const auto& token = tokens[taken++];
        return {places.at(token.offset), token.text};
    }
    bool append(json::string_view part) {
        pending.append(part.data(), part.size());
        return true;
    }
    bool literal(node::form form) {
        const auto [place, text] = next();
        return add({form, place, std::string(text), {}, {}});
    }
    bool open(node::form form) {
        stack.push_back({form, next().first, {}, {}, {}});
        return true;
    }
    bool close() {
        auto done = std::move(stack.back());
        stack.pop_back();
        return add(std::move(done));
    }
    bool add(node value) {
        if (stack.empty())
            root = std::move(value);
        else if (stack.back().is == node::form::list)
            stack.back().items.push_back(std::move(value));
        else
            stack.back().members.back().value = std::move(value);
        return true;
    }

    std::vector<token> tokens;
    std::size_t taken = 0;
    position_counter places;
    std::string pending;  ///< the parts of a string or key that came so far
    std::vector<node> stack;
    node root;
};

/// Whether editors have saved it so: with its mark, or without it, where what begins JSON is ASCII.
bool is_utf16(std::string_view text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return true;
    return text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0');
}

bool contains(std::string_view text, char c) { return text.find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }

/// True when the half of a character beyond U+FFFF stands before `at`, as JSON escapes it, without the other.
bool is_behind_half_of_pair(std::string_view text, std::size_t at) {
    constexpr std::size_t length = 6;  // \uD83D
    if (at < length) return false;
    const auto escape = text.substr(at - length, length);
    return escape.starts_with("\\u") && contains("dD", escape[2]) && contains("89abAB", escape[3]);
}

/// What is wrong with a byte that is no text, or no text that JSON has outside of strings.
std::string guess_reason_of_byte(std::string_view text, std::size_t at) {
    constexpr std::array<std::string_view, 4> typeset{"\u201C", "\u201D", "\u201E", "\u00AB"};
    const auto rest = text.substr(at);
    if (text[at] == '\0') return "a NUL byte; the file has to be text in UTF-8";
    if (std::ranges::any_of(typeset, [&](auto quote) { return rest.starts_with(quote); }))
        return "strings and keys stand in the plain double quotes of programs: \"...\"";
    const auto is_character = [&](std::size_t size) { return is_valid_utf8(rest.substr(0, size)); };
    if (!is_character(2) && !is_character(3) && !is_character(4))
        return "these bytes are not UTF-8, as which the file has to be saved";
    return "this character may stand only in strings and comments";
}

/// What usually is behind a syntax error at this place.
std::string guess_reason(std::string_view text, std::size_t at) {
    if (at >= text.size()) return "the file ends too early: a closing '}', ']' or '\"' is missing";
    const char found = text[at];
    const auto last = text.substr(0, at).find_last_not_of(" \t\r\n");
    const char before = last == std::string_view::npos ? '\0' : text[last];
    if (found == '\0' || static_cast<unsigned char>(found) >= 0x80) return guess_reason_of_byte(text, at);
    if (found == '\n' || found == '\r')
        return "a string must end on the line where it begins; write \\n for a line break";
    if (found == '\t') return "a tab does not stand in a string as it is; write \\t";
    if (is_behind_half_of_pair(text, at))
        return "the escape before it is half of a character; the other half (\\uDC00 to \\uDFFF) is missing";
    if (found == '\'') return "strings and keys stand in double quotes: \"...\"";
    if (found == '#') return "comments begin with // or stand between /* and */";
    if (found == '=') return "a key and its value are separated by ':'";
    if (is_digit(found) && before == '0') return "a number does not begin with 0";
    const bool begins = contains("\"{[-", found) || is_digit(found) || is_letter(found);
    if (begins && (contains("\"}]", before) || (is_digit(before) && !is_letter(found))))
        return "a ',' or ':' is missing before it";
    if (is_letter(found)) return "only true, false, null and numbers are written without double quotes";
    if (contains("}]", found))
        return "it does not close what was opened last, or a value is missing before it";
    return "this does not belong here";
}

syntax_error explain(std::string_view text, std::size_t at, const boost::system::error_code& failed) {
    syntax_error error{position_counter(text).at(at), failed.message()};
    if (failed == json::error::too_deep) {
        error.message = "lists and objects are nested more than 32 levels deep";
    } else if (failed == json::error::syntax || failed == json::error::incomplete ||
               failed == json::error::extra_data) {
        const bool printable = at < text.size() && text[at] > ' ' && text[at] < 0x7F;
        error.message = "syntax error" +
                        (printable ? " at '" + std::string(1, text[at]) + "'" : std::string()) + ": " +
                        guess_reason(text, at);
    }
    return error;
}

}  // namespace

std::variant<node, syntax_error> parse_json(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (is_utf16(text)) return syntax_error{{}, "the file is in UTF-16; it has to be saved as UTF-8"};
    if (skip_blank(text, 0) == text.size())
        return syntax_error{{}, "the file is empty: the least that it can be is {}"};

    json::parse_options options;
    options.max_depth = 32;
    options.allow_comments = true;
    options.allow_trailing_commas = true;
    json::basic_parser<tree_builder> parser(options, text);
    boost::system::error_code failed;
    auto read = parser.write_some(false, text.data(), text.size(), failed);
    if (!failed) {
        read = skip_blank(text, read);
        if (read != text.size()) failed = json::error::extra_data;
    }
    if (failed) return explain(text, read, failed);
    return std::move(parser.handler().root);
}

std::string quote(std::string_view text) {
    return json::serialize(json::string_view(text.data(), text.size()));
}

}  // namespace fairlead::config
