#include "http/idempotency_key.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

bool is_printable(char c) noexcept { return c >= ' ' && c <= '~'; }

/// Commas are left out since a proxy may have joined two lines by one, semicolons since parameters begin with
/// one: in both cases the text is not the key that the client meant.
bool is_bare_char(char c) noexcept {
    return is_printable(c) && c != ' ' && c != '"' && c != '\\' && c != ',' && c != ';';
}

/// The content of the string that `text` is, from its first quote to its last (RFC 8941 section 4.2.5).
checked<std::string> read_string(std::string_view text) {
    std::string key;
    for (std::size_t at = 1; at < text.size(); ++at) {
        char c = text[at];
        if (c == '"') {
            if (at + 1 == text.size()) return key;
            return refusal{.detail = "Idempotency-Key has text behind its closing quote."};
        }
        if (c == '\\') {
            c = ++at < text.size() ? text[at] : '\0';
            if (c != '"' && c != '\\')
                return refusal{
                    .detail =
                        "Idempotency-Key has a backslash that is not followed by a quote or a backslash."};
        }
        if (!is_printable(c))
            return refusal{.detail = "Idempotency-Key has a character that is not printable ASCII."};
        if (key.size() == max_idempotency_key_bytes)
            return refusal{.detail = "Idempotency-Key has more than 255 bytes. Send a UUID, for example."};
        key.push_back(c);
    }
    return refusal{.detail = "Idempotency-Key has no closing quote."};
}

checked<std::string> read_bare(std::string_view text) {
    if (text.size() > max_idempotency_key_bytes)
        return refusal{.detail = "Idempotency-Key has more than 255 bytes. Send a UUID, for example."};
    if (!std::all_of(text.begin(), text.end(), is_bare_char))
        return refusal{.detail =
                           "Idempotency-Key without quotes has a character that is not visible ASCII, or one "
                           "of \" \\ , ;. Send one key, or put it in quotes."};
    return std::string(text);
}

}  // namespace

checked<std::string> parse_idempotency_key(std::string_view value) {
    value = trim(value);
    auto key = value.starts_with('"') ? read_string(value) : read_bare(value);
    if (key && key->empty()) return refusal{.detail = "Idempotency-Key is empty. Send a UUID, for example."};
    return key;
}

checked<std::optional<std::string>> parse_idempotency_key(const field_table& fields) {
    const std::string_view* found = nullptr;
    for (const auto& line : fields) {
        if (!iequals(line.name, "Idempotency-Key")) continue;
        if (found != nullptr) return refusal{.detail = "Idempotency-Key is there twice. Send one key."};
        found = &line.value;
    }
    if (found == nullptr) return std::optional<std::string>();
    auto key = parse_idempotency_key(*found);
    if (!key) return key.error();
    return std::optional(std::move(*key));
}

}  // namespace fairlead::http
