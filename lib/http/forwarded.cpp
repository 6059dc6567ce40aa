#include "http/forwarded.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

/// Walks the elements of a list from its right end. Quoted strings are recognised from the right, too: what a
/// trusted proxy has added there is well-formed, while what its client wrote before it may have a quotation
/// mark that would swallow the proxy's element, were it read from the left.
class list_from_right {
public:
    explicit list_from_right(std::string_view value) noexcept : rest_(value) {}

    /// The next element that is not empty, without surrounding white space; nothing at the end.
    std::optional<std::string_view> next() noexcept {
        while (!is_at_end_) {
            const auto comma = last_comma();
            const auto element = trim(rest_.substr(comma == std::string_view::npos ? 0 : comma + 1));
            is_at_end_ = comma == std::string_view::npos;
            rest_ = rest_.substr(0, is_at_end_ ? 0 : comma);
            if (!element.empty()) return element;
        }
        return std::nullopt;
    }

private:
    /// The last comma outside of quoted strings.
    std::size_t last_comma() const noexcept {
        bool is_quoted = false;
        for (std::size_t at = rest_.size(); at-- > 0;) {
            if (rest_[at] == '"' && !(is_quoted && is_escaped(at))) is_quoted = !is_quoted;
            if (rest_[at] == ',' && !is_quoted) return at;
        }
        return std::string_view::npos;
    }

    /// Whether an odd number of backslashes stands before the byte.
    bool is_escaped(std::size_t at) const noexcept {
        std::size_t backslashes = 0;
        while (backslashes < at && rest_[at - 1 - backslashes] == '\\') ++backslashes;
        return backslashes % 2 == 1;
    }

    std::string_view rest_;
    bool is_at_end_ = false;
};

/// node-port of RFC 7239 section 6: a number, or a name that stands for one.
bool is_node_port(std::string_view text) noexcept {
    if (text.starts_with('_')) {
        text.remove_prefix(1);
        return !text.empty() && text.find_first_not_of(
                                    "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string_view::npos;
    }
    const auto port = text.size() <= 5 ? parse_decimal(text) : std::nullopt;
    return port && *port <= 65535;
}

/// `a.b.c.d`, `a.b.c.d:port`, `[v6]`, `[v6]:port`.
std::optional<ip_address> node_address(std::string_view text) noexcept {
    const bool has_brackets = text.starts_with('[');
    const auto bracket = text.find(']');
    if (has_brackets && bracket == std::string_view::npos) return std::nullopt;
    const auto end = has_brackets ? bracket + 1 : std::min(text.find(':'), text.size());
    const auto rest = text.substr(end);
    if (!rest.empty() && (rest.front() != ':' || !is_node_port(rest.substr(1)))) return std::nullopt;
    if (!has_brackets) return ip_address::parse(text.substr(0, end));
    const auto inner = text.substr(1, bracket - 1);
    if (inner.find(':') == std::string_view::npos) return std::nullopt;  // IPv4 has no brackets
    return ip_address::parse(inner);
}

/// The value of a parameter without its quotation marks. An address needs no escapes, so what has one is
/// none.
std::optional<std::string_view> bare_value(std::string_view value) noexcept {
    if (value.find('\\') != std::string_view::npos) return std::nullopt;
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
        value = value.substr(1, value.size() - 2);
    if (value.find('"') != std::string_view::npos) return std::nullopt;
    return value;
}

/// The end of the first parameter of an element: a ';' outside of quoted strings.
std::size_t end_of_parameter(std::string_view text) noexcept {
    bool is_quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_quoted && text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            is_quoted = !is_quoted;
        else if (text[at] == ';' && !is_quoted)
            return at;
    }
    return text.size();
}

using address_of = std::optional<ip_address> (*)(std::string_view element) noexcept;

/// Goes from proxy to proxy as long as they are trusted.
ip_address walk(const ip_address& peer, const ip_networks& trusted, const field_table& fields,
                proxy_field which, address_of address) noexcept {
    ip_address reached = peer;
    // The lines of a field are one list (RFC 9110 section 5.3), so the last one is its right end.
    for (auto line = fields.end(); line != fields.begin();) {
        if (!is_forwarding_field(*--line, which)) continue;
        list_from_right elements(line->value);
        while (const auto element = elements.next()) {
            const auto named = address(*element);
            if (!named) return reached;
            reached = *named;
            if (!trusted.contains(reached)) return reached;
        }
    }
    return reached;
}

}  // namespace

std::optional<ip_address> forwarded_address(std::string_view element) noexcept {
    std::optional<ip_address> found;
    while (!element.empty()) {
        const auto end = end_of_parameter(element);
        const auto parameter = trim(element.substr(0, end));
        element.remove_prefix(std::min(end + 1, element.size()));
        const auto equals = parameter.find('=');
        if (!iequals(parameter.substr(0, equals), "for")) continue;
        if (found || equals == std::string_view::npos) return std::nullopt;
        const auto value = bare_value(parameter.substr(equals + 1));
        found = value ? node_address(*value) : std::nullopt;
        if (!found) return std::nullopt;
    }
    return found;
}

std::optional<ip_address> x_forwarded_address(std::string_view element) noexcept {
    // An IPv6 address without brackets has at least two colons, IPv4 with a port has one.
    if (const auto bare = ip_address::parse(element)) return bare;
    return node_address(element);
}

bool is_forwarding_field(const field_view& line, proxy_field which) noexcept {
    if (which == proxy_field::forwarded) return line.id == field::forwarded;
    return line.id == field::unknown && iequals(line.name, "X-Forwarded-For");
}

checked<ip_address> client_behind(const ip_address& peer, const proxy_rules& rules,
                                  const field_table& fields) noexcept {
    const auto by = [&](proxy_field which) {
        return walk(peer, rules.trusted, fields, which,
                    which == proxy_field::forwarded ? forwarded_address : x_forwarded_address);
    };
    if (rules.field != proxy_field::automatic) return by(rules.field);
    const auto has = [&](proxy_field which) {
        return std::any_of(fields.begin(), fields.end(),
                           [&](const auto& line) { return is_forwarding_field(line, which); });
    };
    if (!has(proxy_field::forwarded)) return by(proxy_field::x_forwarded_for);
    const auto client = by(proxy_field::forwarded);
    if (has(proxy_field::x_forwarded_for) && by(proxy_field::x_forwarded_for) != client)
        return refusal{status::bad_request, "Forwarded and X-Forwarded-For name different clients."};
    return client;
}

}  // namespace fairlead::http
