// Whatever a client sends, its escaped text can neither end the line or the quotes around it, nor be taken
// for another.

#include "base/text.hpp"
#include "telemetry/escape.hpp"

#include <boost/json/parse.hpp>
#include <cstdint>
#include <cstdlib>
#include <optional>

using namespace fairlead;
using telemetry::escape_for_log;
using telemetry::escape_form;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// The text that a `quoted`, `word` or `nginx` escape came from, or nothing if an escape in it is malformed.
std::optional<std::string> unescaped(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
        } else if (text.substr(i).starts_with("\\\\") || text.substr(i).starts_with("\\\"")) {
            out += text[++i];
        } else {
            if (i + 3 >= text.size() || text[i + 1] != 'x') return std::nullopt;
            const auto high = digits.find(text[i + 2]), low = digits.find(text[i + 3]);
            if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 3;
        }
    }
    return out;
}

void require_printable(std::string_view text) {
    require(is_valid_utf8(text));
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        require(byte >= 0x20 && byte != 0x7F);
        if (byte == 0xC2) require(static_cast<unsigned char>(text[i + 1]) >= 0xA0);
    }
    require(text.find("\xE2\x80\xA8") == std::string_view::npos);
    require(text.find("\xE2\x80\xAE") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto form : {escape_form::message, escape_form::quoted, escape_form::word, escape_form::nginx,
                            escape_form::json})
        require_printable(escape_for_log(text, form));
    for (const auto form : {escape_form::quoted, escape_form::word, escape_form::nginx})
        require(unescaped(escape_for_log(text, form)) == text);
    require(escape_for_log(text, escape_form::word).find_first_of(" \"=") == std::string::npos);
    require(escape_for_log(text, escape_form::nginx).find('"') == std::string::npos);
    boost::system::error_code failure;
    const auto parsed = boost::json::parse('"' + escape_for_log(text, escape_form::json) + '"', failure);
    require(!failure && parsed.is_string());
    if (is_valid_utf8(text)) require(std::string_view(parsed.get_string()) == text);
    return 0;
}
