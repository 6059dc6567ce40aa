#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::config {

/// Where something stands in a file; both count from 1, columns in characters (UTF-8), not bytes.
struct position {
    std::size_t line = 1;
    std::size_t column = 1;
    bool operator==(const position&) const = default;
};

struct member;

/// A JSON value as it was written: with its place, with repeated keys, and with numbers as their text.
struct node {
    enum class form { null, boolean, number, string, list, object };
    form is = form::null;
    position at;
    std::string text;             ///< of a string: its value; of a number, true, false: as written
    std::vector<node> items;      ///< of a list
    std::vector<member> members;  ///< of an object, in the order of the file, repeated keys included
};

/// One `"key": value` of an object. `at` is the place of the key.
struct member {
    std::string key;
    position at;
    node value;
};

/// Why a text is not JSON, and where.
struct syntax_error {
    position at;
    std::string message;
};

/// Reads JSON (RFC 8259), with comments (`//` and `/* */`), trailing commas and a byte order mark allowed,
/// and at most 32 levels deep.
std::variant<node, syntax_error> parse_json(std::string_view text);

/// Text as a JSON string with its quotes.
std::string quote(std::string_view text);

}  // namespace fairlead::config
