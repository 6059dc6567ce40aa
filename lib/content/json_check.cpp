#include "content/json_check.hpp"

#include "content/json_context.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>

namespace fairlead::content {
namespace {

namespace json = boost::json;

// How much json_context wants to see of what was before: an escape has six bytes.
constexpr std::size_t escape_size = 6;
constexpr std::string_view white_space = " \t\r\n";

json::parse_options options_for(unsigned max_depth) {
    json::parse_options options;
    options.max_depth = max_depth;
    return options;
}

}  // namespace

struct json_check::state {
    state(unsigned depth, std::uint64_t bytes)
        : parser(options_for(depth), depth), max_depth(depth), max_bytes(bytes) {
        before.reserve(2 * escape_size);
    }

    json_fault fail(std::uint64_t offset, std::string reason) {
        failed = json_fault{offset, std::move(reason)};
        return *failed;
    }
    std::string reason_for(const json_context::json_error& error, std::string_view bytes, std::size_t taken);
    void remember(std::string_view bytes);

    json::basic_parser<json_context> parser;
    unsigned max_depth;
    std::uint64_t max_bytes;
    std::uint64_t received = 0;
    std::string before;  // the end of what has been received
    char last = '\0';    // the last byte of it that is no white space
    std::optional<json_fault> failed;
};

std::string json_check::state::reason_for(const json_context::json_error& error, std::string_view bytes,
                                          std::size_t taken) {
    if (error == json::error::too_deep)
        return "arrays and objects are nested deeper than the limit of " + std::to_string(max_depth);
    if (error == json::error::incomplete)
        return last == '\0' ? "the document is empty" : "the document ends too early";
    if (error != json::error::syntax || taken >= bytes.size()) return error.message();
    remember(bytes.substr(0, taken));
    return parser.handler().describe(bytes[taken], before, last);
}

void json_check::state::remember(std::string_view bytes) {
    before.append(bytes.substr(bytes.size() - std::min(bytes.size(), escape_size)));
    before.erase(0, before.size() - std::min(before.size(), escape_size));
    if (const auto place = bytes.find_last_not_of(white_space); place != std::string_view::npos)
        last = bytes[place];
}

std::string json_fault::text() const {
    return "This is not the JSON that is taken here: at byte " + std::to_string(offset) + ": " + reason + ".";
}

json_check::json_check(unsigned max_depth, std::uint64_t max_bytes)
    : state_(std::make_unique<state>(max_depth, max_bytes)) {}
json_check::~json_check() = default;
json_check::json_check(json_check&&) noexcept = default;
json_check& json_check::operator=(json_check&&) noexcept = default;

std::optional<json_fault> json_check::write(std::span<const char> bytes) {
    auto& now = *state_;
    if (now.failed) return now.failed;
    if (bytes.size() > now.max_bytes - now.received)
        return now.fail(now.max_bytes, "the document is longer than the limit of " +
                                           std::to_string(now.max_bytes) + " bytes");
    const std::string_view text(bytes.data(), bytes.size());
    json_context::json_error error;
    const auto taken = now.parser.write_some(true, text.data(), text.size(), error);
    const auto offset = now.received + taken;
    if (error) return now.fail(offset, now.reason_for(error, text, taken));
    // White space after the document was taken by the parser.
    if (taken < text.size()) return now.fail(offset, "something follows the document");
    now.received += text.size();
    now.remember(text);
    return std::nullopt;
}

std::optional<json_fault> json_check::finish() {
    auto& now = *state_;
    if (now.failed) return now.failed;
    json_context::json_error error;
    now.parser.write_some(false, nullptr, 0, error);
    if (error) return now.fail(now.received, now.reason_for(error, {}, 0));
    return std::nullopt;
}

void json_check::reset() {
    state_->parser.reset();
    state_->parser.handler().reset();
    state_->received = 0;
    state_->before.clear();
    state_->last = '\0';
    state_->failed.reset();
}

}  // namespace fairlead::content
