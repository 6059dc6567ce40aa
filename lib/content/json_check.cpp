#include "content/json_check.hpp"

#include <boost/json/basic_parser_impl.hpp>

namespace fairlead::content {
namespace {

namespace json = boost::json;
using json_error = boost::system::error_code;

/// Takes every event and keeps nothing: the parser itself is the check.
struct no_events {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    bool on_document_begin(json_error&) { return true; }
    bool on_document_end(json_error&) { return true; }
    bool on_array_begin(json_error&) { return true; }
    bool on_array_end(std::size_t, json_error&) { return true; }
    bool on_object_begin(json_error&) { return true; }
    bool on_object_end(std::size_t, json_error&) { return true; }
    bool on_string_part(json::string_view, std::size_t, json_error&) { return true; }
    bool on_string(json::string_view, std::size_t, json_error&) { return true; }
    bool on_key_part(json::string_view, std::size_t, json_error&) { return true; }
    bool on_key(json::string_view, std::size_t, json_error&) { return true; }
    bool on_number_part(json::string_view, json_error&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json_error&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json_error&) { return true; }
    bool on_double(double, json::string_view, json_error&) { return true; }
    bool on_bool(bool, json_error&) { return true; }
    bool on_null(json_error&) { return true; }
    bool on_comment_part(json::string_view, json_error&) { return true; }
    bool on_comment(json::string_view, json_error&) { return true; }
};

json::parse_options options_for(unsigned max_depth) {
    json::parse_options options;
    options.max_depth = max_depth;
    return options;
}

}  // namespace

struct json_check::state {
    state(unsigned depth, std::uint64_t bytes)
        : parser(options_for(depth)), max_depth(depth), max_bytes(bytes) {}

    json_fault fault(std::uint64_t offset, const json_error& error) const {
        if (error == json::error::too_deep)
            return {offset,
                    "arrays and objects are nested deeper than the limit of " + std::to_string(max_depth)};
        return {offset, error.message()};
    }

    json::basic_parser<no_events> parser;
    unsigned max_depth;
    std::uint64_t max_bytes;
    std::uint64_t received = 0;
};

std::string json_fault::text() const {
    return "This is not the JSON that is taken here: at byte " + std::to_string(offset) + ": " + reason + ".";
}

json_check::json_check(unsigned max_depth, std::uint64_t max_bytes)
    : state_(std::make_unique<state>(max_depth, max_bytes)) {}
json_check::~json_check() = default;
json_check::json_check(json_check&&) noexcept = default;
json_check& json_check::operator=(json_check&&) noexcept = default;

std::optional<json_fault> json_check::write(std::span<const char> bytes) {
    if (state_->received + bytes.size() > state_->max_bytes)
        return json_fault{state_->max_bytes, "the document is longer than the limit of " +
                                                 std::to_string(state_->max_bytes) + " bytes"};
    json_error failed;
    const auto taken = state_->parser.write_some(true, bytes.data(), bytes.size(), failed);
    const auto offset = state_->received + taken;
    state_->received += bytes.size();
    if (failed) return state_->fault(offset, failed);
    // The document has ended before these bytes did; white space after it was taken by the parser.
    if (taken < bytes.size()) return json_fault{offset, "something follows the document"};
    return std::nullopt;
}

std::optional<json_fault> json_check::finish() {
    json_error failed;
    state_->parser.write_some(false, nullptr, 0, failed);
    if (failed) return state_->fault(state_->received, failed);
    return std::nullopt;
}

}  // namespace fairlead::content
