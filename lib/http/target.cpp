#include "http/target.hpp"

#include "base/text.hpp"
#include "http/host.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fairlead::http {
namespace {

/// What a byte means in a target. `plain` is 0, so that the scanning loops test one table entry per byte.
enum class byte_kind : std::uint8_t { plain, slash, percent, question, forbidden };

constexpr std::array<byte_kind, 256> byte_kinds = [] {
    std::array<byte_kind, 256> kinds{};
    kinds.fill(byte_kind::forbidden);
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-._~!$&'()*+,;=:@[]";
    for (const char c : plain) kinds[static_cast<unsigned char>(c)] = byte_kind::plain;
    kinds['/'] = byte_kind::slash;
    kinds['?'] = byte_kind::question;
    kinds['%'] = byte_kind::percent;
    return kinds;
}();

byte_kind kind_of(char c) noexcept { return byte_kinds[static_cast<unsigned char>(c)]; }

bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The value of a hexadecimal digit, or -1.
int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

refusal bad_target(std::string_view detail) noexcept {
    return {.status = status::bad_request, .detail = detail, .close = true};
}

bool has_two_dots(std::string_view text) noexcept { return text.find("..") != std::string_view::npos; }

/// The refusal of a target with a byte that no URI has. Those that people use to escape from a root are
/// reported.
refusal forbidden_byte(std::string_view raw) noexcept {
    auto answer = bad_target("The request target has a byte that must be percent-encoded.");
    const auto path = raw.substr(0, raw.find('?'));
    if (has_two_dots(path) || path.find('\\') != std::string_view::npos || !is_valid_utf8(path))
        answer.event = security_event::traversal;
    return answer;
}

/// The first byte that is not plain, or `end`. The standard algorithm is unrolled: about four instructions a
/// byte.
const char* find_special(const char* at, const char* end) noexcept {
    return std::find_if(at, end, [](char c) { return kind_of(c) != byte_kind::plain; });
}

/// True when the segment after the slash at `slash` is empty or begins with a dot: it may have to change.
bool starts_odd_segment(const char* slash, const char* end) noexcept {
    return slash + 1 != end && (slash[1] == '.' || slash[1] == '/');
}

/// Wider than RFC 3986: browsers send `{ } | \ ^` and the backtick in a query as they are (the query
/// percent-encode set of the URL Standard), and nothing here interprets a query.
bool is_query_byte(char c) noexcept {
    return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '#';
}

/// Splits `rest` ("/path?query") into `parts`; false when it has a forbidden byte.
bool split_path_and_query(std::string_view rest, target_parts& parts) noexcept {
    const char* at = rest.data();
    const char* const end = at + rest.size();
    bool is_normal = true;
    for (at = find_special(at, end); at != end; at = find_special(at + 1, end)) {
        const auto kind = kind_of(*at);
        if (kind > byte_kind::percent) break;
        if (kind == byte_kind::percent || starts_odd_segment(at, end)) is_normal = false;
    }
    parts.path = rest.substr(0, static_cast<std::size_t>(at - rest.data()));
    parts.is_normal_path = is_normal;
    if (at == end) return true;
    if (*at != '?') return false;
    parts.has_query = true;
    parts.query = rest.substr(parts.path.size() + 1);
    return std::all_of(parts.query.begin(), parts.query.end(), is_query_byte);
}

checked<target_parts> parse_absolute(std::string_view raw) noexcept {
    const auto colon = raw.find("://");
    if (colon == std::string_view::npos || !is_alpha(raw.front()))
        return bad_target("The request target is neither a path nor an absolute URI.");
    target_parts parts{.form = target_form::absolute, .scheme = raw.substr(0, colon)};
    for (const char c : parts.scheme)
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
            return bad_target("The request target has a malformed scheme.");
    const auto rest = raw.substr(colon + 3);
    const auto end = rest.find_first_of("/?");
    parts.authority = rest.substr(0, end);
    if (!split_path_and_query(end == std::string_view::npos ? std::string_view{} : rest.substr(end), parts))
        return forbidden_byte(raw);
    if (parts.path.empty()) parts.path = "/";
    if (iequals(parts.scheme, "https"))
        return refusal{.status = status::misdirected_request,
                       .detail = "This connection is not secured, so it does not serve https URIs.",
                       .close = true};
    if (!iequals(parts.scheme, "http")) return bad_target("Only http URIs are served here.");
    if (!parse_host(parts.authority))
        return bad_target(
            "The request target must name a host and at most a port, without user information.");
    return parts;
}

checked<target_parts> parse_authority(std::string_view raw) noexcept {
    const auto host = parse_host(raw);
    // A tunnel has no default port (RFC 9112 section 3.2.3).
    if (!host || host->port.value_or(0) == 0)
        return bad_target("CONNECT takes a host and a port from 1 to 65535 as its target.");
    return target_parts{.form = target_form::authority, .authority = raw};
}

/// What the slow path of `normalise_path` found out while decoding.
struct decoding {
    bool has_broken_escape = false;
    bool has_escaped_slash = false;
    bool has_backslash = false;
    bool has_nul = false;
    bool has_control = false;
};

/// Decodes `raw` once into `out`. A broken escape is copied as it is, so that the checks after it see the
/// rest.
decoding decode(std::string_view raw, std::string& out) {
    decoding found;
    out.clear();
    out.reserve(raw.size());
    for (std::size_t at = 0; at < raw.size(); ++at) {
        char c = raw[at];
        if (c == '%') {
            const int high = at + 1 < raw.size() ? hex_value(raw[at + 1]) : -1;
            const int low = at + 2 < raw.size() ? hex_value(raw[at + 2]) : -1;
            if (high < 0 || low < 0) {
                found.has_broken_escape = true;
            } else {
                c = static_cast<char>(high * 16 + low);
                found.has_escaped_slash |= c == '/';
                at += 2;
            }
        }
        const auto byte = static_cast<unsigned char>(c);
        found.has_backslash |= c == '\\';
        found.has_nul |= byte == 0;
        found.has_control |= byte < 0x20 || byte == 0x7F;
        out.push_back(c);
    }
    return found;
}

/// True when cutting `text` at '/' and '\' gives a segment "..".
bool has_parent_segment(std::string_view text) noexcept {
    while (true) {
        const auto end = text.find_first_of("/\\");
        if (text.substr(0, end) == "..") return true;
        if (end == std::string_view::npos) return false;
        text.remove_prefix(end + 1);
    }
}

/// Removes '.' segments of a path that begins with '/' in place. False when a segment is empty (the last one
/// may be).
bool remove_dot_segments(std::string& path) {
    std::size_t kept = 1;
    for (std::size_t at = 1; at < path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        if (end == at) return false;
        if (end - at == 1 && path[at] == '.') {
            at = end + 1;
            continue;
        }
        const auto next = std::min(end + 1, path.size());
        std::copy(path.begin() + static_cast<std::ptrdiff_t>(at),
                  path.begin() + static_cast<std::ptrdiff_t>(next),
                  path.begin() + static_cast<std::ptrdiff_t>(kept));
        kept += next - at;
        at = next;
    }
    path.resize(kept);
    return true;
}

checked<std::string_view> decode_and_check(std::string_view raw, std::string& storage) {
    constexpr auto traversal = security_event::traversal;
    const auto found = decode(raw, storage);
    if (has_parent_segment(storage))
        return refusal{.status = status::forbidden, .detail = "The path leads upwards.", .event = traversal};
    const auto event = has_two_dots(storage) ? traversal : security_event::none;
    if (found.has_broken_escape)
        return refusal{
            .detail = "The path has a percent sign that is not followed by two hexadecimal digits.",
            .event = event};
    if (found.has_nul) return refusal{.detail = "The path has a zero byte.", .event = traversal};
    if (found.has_control) return refusal{.detail = "The path has a control character.", .event = event};
    if (found.has_backslash) return refusal{.detail = "The path has a backslash.", .event = traversal};
    if (!is_valid_utf8(storage)) return refusal{.detail = "The path is not UTF-8.", .event = traversal};
    if (found.has_escaped_slash) return refusal{.detail = "The path has an escaped slash.", .event = event};
    if (!storage.starts_with('/'))
        return refusal{.detail = "The path does not begin with a slash.", .event = event};
    const bool names_authority = storage.starts_with("//");
    if (!remove_dot_segments(storage))
        return refusal{.detail = "The path has an empty segment.",
                       .event = names_authority ? traversal : event};
    return std::string_view(storage);
}

}  // namespace

checked<target_parts> parse_target(std::string_view raw, verb method) noexcept {
    if (raw.empty()) return bad_target("The request has no target.");
    if (method == verb::connect) return parse_authority(raw);
    if (raw == "*") {
        if (method == verb::options) return target_parts{.form = target_form::asterisk};
        return bad_target("The target * is only for OPTIONS.");
    }
    if (raw.front() != '/') return parse_absolute(raw);
    target_parts parts;
    if (!split_path_and_query(raw, parts)) return forbidden_byte(raw);
    return parts;
}

checked<std::string_view> normalise_path(std::string_view raw_path, std::string& storage) {
    // Nearly all paths need no change; one look at each byte proves it.
    const char* const end = raw_path.data() + raw_path.size();
    if (!raw_path.starts_with('/')) return decode_and_check(raw_path, storage);
    for (const char* at = raw_path.data(); at != end; ++at) {
        const auto kind = kind_of(*at);
        if (kind == byte_kind::plain) continue;
        if (kind != byte_kind::slash || starts_odd_segment(at, end))
            return decode_and_check(raw_path, storage);
    }
    return raw_path;
}

bool is_hidden(std::string_view path) noexcept {
    constexpr std::string_view exempt = "/.well-known";
    std::size_t from = 0;
    if (path.starts_with(exempt) && (path.size() == exempt.size() || path[exempt.size()] == '/'))
        from = exempt.size();
    // Dots are rarer than slashes, so this looks less often than a search for "/.".
    for (auto dot = path.find('.', from); dot != std::string_view::npos; dot = path.find('.', dot + 1))
        if (dot > 0 && path[dot - 1] == '/') return true;
    return false;
}

std::string_view extension(std::string_view path) noexcept {
    for (std::size_t at = path.size(); at > 0 && path[at - 1] != '/'; --at)
        if (path[at - 1] == '.') return path.substr(at);
    return {};
}

std::string encode_path(std::string_view path) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto first = path.find_first_not_of('/');
    std::string out = "/";
    if (first == std::string_view::npos) return out;
    path.remove_prefix(first);
    out.reserve(path.size() + 1);
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (kind_of(c) <= byte_kind::slash && c != '[' && c != ']') {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(digits[byte >> 4]);
            out.push_back(digits[byte & 15]);
        }
    }
    return out;
}

bool is_normalised(std::string_view path) {
    const auto encoded = encode_path(path);
    std::string storage;
    const auto normal = normalise_path(encoded, storage);
    return normal && *normal == path;
}

}  // namespace fairlead::http
