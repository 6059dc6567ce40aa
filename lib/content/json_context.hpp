#pragma once

#include <boost/json/basic_parser.hpp>

#include <string>
#include <string_view>

namespace fairlead::content {

/// Takes the events of Boost.JSON's parser and keeps only where in the structure it is, in order to say what
/// was expected when it fails.
class json_context {
public:
    using json_error = boost::system::error_code;
    using json_text = boost::json::string_view;

    explicit json_context(unsigned max_depth) { open_.reserve(max_depth); }
    void reset() noexcept {
        open_.clear();
        last_ = last_event::none;
    }

    /// What is wrong with the byte `found`, of which the parser only says "syntax error". `before` has the
    /// last bytes before it, up to the six of an escape; `last` is the last one that is no white space, or
    /// NUL.
    std::string describe(char found, std::string_view before, char last) const;

    // The handler concept of basic_parser. Sizes are limited as a whole, by the caller.
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    bool on_document_begin(json_error&) { return true; }
    bool on_document_end(json_error&) { return true; }
    bool on_array_begin(json_error&) { return opened('['); }
    bool on_array_end(std::size_t, json_error&) { return closed(); }
    bool on_object_begin(json_error&) { return opened('{'); }
    bool on_object_end(std::size_t, json_error&) { return closed(); }
    bool on_string_part(json_text, std::size_t, json_error&) { return true; }
    bool on_string(json_text, std::size_t, json_error&) { return passed(last_event::value); }
    bool on_key_part(json_text, std::size_t, json_error&) { return true; }
    bool on_key(json_text, std::size_t, json_error&) { return passed(last_event::name); }
    bool on_number_part(json_text, json_error&) { return true; }
    bool on_int64(std::int64_t, json_text, json_error&) { return passed(last_event::value); }
    bool on_uint64(std::uint64_t, json_text, json_error&) { return passed(last_event::value); }
    bool on_double(double, json_text, json_error&) { return passed(last_event::value); }
    bool on_bool(bool, json_error&) { return passed(last_event::value); }
    bool on_null(json_error&) { return passed(last_event::value); }
    bool on_comment_part(json_text, json_error&) { return true; }
    bool on_comment(json_text, json_error&) { return true; }

private:
    enum class last_event { none, opening, name, value };

    bool opened(char bracket) {
        open_.push_back(bracket);
        return passed(last_event::opening);
    }
    bool closed() {
        open_.pop_back();
        return passed(last_event::value);
    }
    bool passed(last_event event) noexcept {
        last_ = event;
        return true;
    }
    std::string_view expected(char before) const;

    std::string open_;  // '[' and '{' of what is not closed yet
    last_event last_ = last_event::none;
};

}  // namespace fairlead::content
