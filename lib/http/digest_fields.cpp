#include "http/digest_fields.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fairlead::http {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) noexcept { return is_lower(to_lower(c)); }
bool is_printable(char c) noexcept { return c >= ' ' && c <= '~'; }
bool is_key_char(char c) noexcept {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_base64_char(char c) noexcept { return is_base64_digit(c) || c == '='; }
bool is_structured_token_char(char c) noexcept { return is_token_char(c) || c == ':' || c == '/'; }

/// Walks the members of a dictionary (RFC 8941 section 4.2.2). Each byte is looked at once; nothing is
/// decoded.
class dictionary_reader {
public:
    struct member {
        std::string_view key;
        std::string_view value;  ///< as written, without parameters; empty for a bare key, which is true
    };

    explicit dictionary_reader(std::string_view text) noexcept : rest_(text) {
        skip_spaces();
        while (rest_.ends_with(' ')) rest_.remove_suffix(1);
    }

    /// The next member, or nothing at the end or at the first error.
    std::optional<member> next() noexcept {
        if (malformed_ || rest_.empty()) return std::nullopt;
        const auto found = read_member();
        malformed_ = !found || !read_separator();
        return malformed_ ? std::nullopt : found;
    }
    bool is_malformed() const noexcept { return malformed_; }

private:
    bool take(char c) noexcept {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Takes the bytes that `belongs`, at most `most`; how many they were.
    template <class Predicate>
    std::size_t take_while(Predicate belongs, std::size_t most = std::string_view::npos) noexcept {
        const auto part = rest_.substr(0, most);
        const auto end = std::find_if_not(part.begin(), part.end(), belongs);
        const auto count = static_cast<std::size_t>(end - part.begin());
        rest_.remove_prefix(count);
        return count;
    }
    void skip_spaces() noexcept {
        take_while([](char c) { return c == ' '; });
    }

    std::optional<member> read_member() noexcept {
        const auto begin = rest_;
        if (!read_key()) return std::nullopt;
        member found{begin.substr(0, begin.size() - rest_.size()), {}};
        if (take('=')) {
            const auto value = rest_;
            if (!(rest_.starts_with('(') ? read_inner_list() : read_bare_item())) return std::nullopt;
            found.value = value.substr(0, value.size() - rest_.size());
        }
        if (!read_parameters()) return std::nullopt;
        return found;
    }

    /// The comma between two members with the space around it; nothing at the end. A comma at the end is an
    /// error.
    bool read_separator() noexcept {
        const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
        take_while(is_space);
        if (rest_.empty()) return true;
        if (!take(',')) return false;
        take_while(is_space);
        return !rest_.empty();
    }

    bool read_key() noexcept {
        if (rest_.empty() || (!is_lower(rest_.front()) && rest_.front() != '*')) return false;
        return take_while(is_key_char) > 0;
    }

    bool read_parameters() noexcept {
        while (take(';')) {
            skip_spaces();
            if (!read_key() || (take('=') && !read_bare_item())) return false;
        }
        return true;
    }

    /// ( item item ... ), each with parameters; those behind the list are the member's.
    bool read_inner_list() noexcept {
        take('(');
        for (;;) {
            skip_spaces();
            if (take(')')) return true;
            if (!read_bare_item() || !read_parameters()) return false;
            if (!rest_.starts_with(' ') && !rest_.starts_with(')')) return false;
        }
    }

    bool read_bare_item() noexcept {
        if (rest_.empty()) return false;
        const char first = rest_.front();
        if (first == '-' || is_digit(first)) return read_number();
        if (is_alpha(first) || first == '*') return take_while(is_structured_token_char) > 0;
        rest_.remove_prefix(1);
        switch (first) {
            case ':': take_while(is_base64_char); return take(':');
            case '"': return read_string();
            case '?': return take('0') || take('1');
            default: return false;
        }
    }

    /// At most 15 digits, or 12 and up to 3 behind a point (RFC 8941 section 4.2.4).
    bool read_number() noexcept {
        take('-');
        const auto digits = take_while(is_digit, 16);
        if (digits == 0 || digits > 15) return false;
        if (!take('.')) return true;
        const auto decimals = take_while(is_digit, 4);
        return digits <= 12 && decimals >= 1 && decimals <= 3;
    }

    /// Behind its first quote.
    bool read_string() noexcept {
        for (;;) {
            take_while([](char c) { return is_printable(c) && c != '"' && c != '\\'; });
            if (take('"')) return true;
            if (!take('\\') || !(take('"') || take('\\'))) return false;
        }
    }

    std::string_view rest_;
    bool malformed_ = false;
};

std::optional<sha_digest> read_digest(sha_kind kind, std::string_view value) noexcept {
    if (value.size() < 2 || !value.starts_with(':') || !value.ends_with(':')) return std::nullopt;
    std::array<std::uint8_t, 64> storage;
    const auto bytes = std::span(storage).first(digest_bytes(kind));
    // Padding may be missing (RFC 8941 section 4.2.7).
    std::array<char, 88> text;  // of 64 bytes
    const auto digits = value.substr(1, value.size() - 2);
    if (digits.size() > text.size()) return std::nullopt;
    auto length = digits.copy(text.data(), text.size());
    while (length % 4 != 0) text[length++] = '=';
    const auto size = decode_base64({text.data(), length}, std::as_writable_bytes(bytes));
    if (size != bytes.size()) return std::nullopt;
    return sha_digest::from_bytes(kind, bytes);
}

}  // namespace

checked<wanted_digests> parse_digests(std::string_view value) {
    // Decoded last: of a value that is repeated only the last one has to be right.
    std::optional<std::string_view> sha256, sha512;
    dictionary_reader members(value);
    while (const auto member = members.next()) {
        if (member->key == "sha-256") sha256 = member->value;
        if (member->key == "sha-512") sha512 = member->value;
    }
    if (members.is_malformed())
        return refusal{.detail =
                           "Content-Digest or Repr-Digest is malformed. Write sha-256=:BASE64:, with the key "
                           "in lower case and the base64 between colons."};
    wanted_digests wanted;
    if (sha256) wanted.sha256 = read_digest(sha_kind::sha256, *sha256);
    if (sha256 && !wanted.sha256)
        return refusal{.detail =
                           "The sha-256 in Content-Digest or Repr-Digest is not 32 bytes in base64 with "
                           "padding between colons."};
    if (sha512) wanted.sha512 = read_digest(sha_kind::sha512, *sha512);
    if (sha512 && !wanted.sha512)
        return refusal{.detail =
                           "The sha-512 in Content-Digest or Repr-Digest is not 64 bytes in base64 with "
                           "padding between colons."};
    return wanted;
}

checked<wanted_digests> parse_digests(const field_table& fields, std::string_view name) {
    std::string joined;
    bool has_line = false;
    for (const auto& line : fields) {
        if (!iequals(line.name, name)) continue;
        if (has_line) joined.append(", ");
        joined.append(line.value);
        has_line = true;
    }
    return parse_digests(joined);
}

std::string format_digest(const sha_digest& digest) {
    const std::string_view key = digest.kind() == sha_kind::sha256 ? "sha-256=:" : "sha-512=:";
    return std::string(key) + encode_base64(digest.bytes()) + ':';
}

}  // namespace fairlead::http
