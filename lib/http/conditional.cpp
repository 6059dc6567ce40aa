#include "http/conditional.hpp"

#include "http/field_value.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

bool is_etag_char(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

/// Walks the entity tags of a list. Unlike the quoted string that `list_reader` knows, an opaque tag has no
/// escapes: a backslash in it is an ordinary byte.
class tag_reader {
public:
    explicit tag_reader(std::string_view value) noexcept : rest_(value) {}

    /// The next tag, or nothing at the end and at the first thing that is neither a tag nor '*'.
    std::optional<entity_tag> next() noexcept {
        while (!rest_.empty() && (rest_.front() == ',' || rest_.front() == ' ' || rest_.front() == '\t'))
            rest_.remove_prefix(1);
        const auto start = static_cast<std::size_t>(rest_.starts_with("W/") ? 2 : 0);
        if (rest_.size() < start + 2 || rest_[start] != '"') return std::nullopt;
        const auto end = rest_.find('"', start + 1);
        if (end == std::string_view::npos) return std::nullopt;
        const auto tag = parse_entity_tag(rest_.substr(0, end + 1));
        rest_.remove_prefix(end + 1);
        const auto after = rest_.find_first_not_of(" \t");
        if (after != std::string_view::npos && rest_[after] != ',') return std::nullopt;
        return tag;
    }

private:
    std::string_view rest_;
};

/// True when a line of the field has a tag that `matches` the current one, or is "*" and something exists.
bool any_match(const field_table& fields, field id, const validators& current,
               bool (*matches)(const entity_tag&, const entity_tag&)) noexcept {
    const bool is_strong = !current.etag.empty() && !current.etag.starts_with("W/");
    for (const auto& line : fields) {
        if (line.id != id) continue;
        if (line.value == "*") return current.exists;
        // The usual case: what was sent comes back as it is.
        if (is_strong && current.exists && line.value == current.etag) return true;
        const auto own = parse_entity_tag(current.etag);
        tag_reader tags(line.value);
        while (const auto tag = tags.next())
            if (own && current.exists && matches(*tag, *own)) return true;
    }
    return false;
}

/// The time in a date field that must come once; nothing when it is absent, repeated or not a date, which all
/// mean that it is ignored.
std::optional<unix_seconds> single_date(const field_table& fields, field id, unix_seconds now) noexcept {
    if (fields.count(id) != 1) return std::nullopt;
    return parse_date(fields[id], now);
}

/// Steps 1 and 2 of RFC 9110 section 13.2.2: may the method run at all?
bool is_still_the_same(const field_table& fields, const validators& current, unix_seconds now) noexcept {
    if (fields.find(field::if_match)) return any_match(fields, field::if_match, current, strong_match);
    const auto since = single_date(fields, field::if_unmodified_since, now);
    return !since || !current.last_modified || *current.last_modified <= *since;
}

}  // namespace

std::optional<entity_tag> parse_entity_tag(std::string_view text) noexcept {
    entity_tag tag;
    tag.is_weak = text.starts_with("W/");
    if (tag.is_weak) text.remove_prefix(2);
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
    const auto content = text.substr(1, text.size() - 2);
    if (!std::all_of(content.begin(), content.end(), is_etag_char)) return std::nullopt;
    tag.opaque = text;
    return tag;
}

bool strong_match(const entity_tag& a, const entity_tag& b) noexcept {
    return !a.is_weak && !b.is_weak && a.opaque == b.opaque;
}

bool weak_match(const entity_tag& a, const entity_tag& b) noexcept { return a.opaque == b.opaque; }

precondition evaluate(verb method, const field_table& fields, const validators& current,
                      unix_seconds now) noexcept {
    if (method == verb::connect || method == verb::options || method == verb::trace)
        return precondition::proceed;
    const bool is_read = method == verb::get || method == verb::head;
    if (!is_still_the_same(fields, current, now)) return precondition::precondition_failed;
    if (fields.find(field::if_none_match)) {
        if (!any_match(fields, field::if_none_match, current, weak_match)) return precondition::proceed;
        return is_read ? precondition::not_modified : precondition::precondition_failed;
    }
    if (!is_read || !current.last_modified) return precondition::proceed;
    const auto since = single_date(fields, field::if_modified_since, now);
    return since && *current.last_modified <= *since ? precondition::not_modified : precondition::proceed;
}

bool range_applies(const field_table& fields, const validators& current, unix_seconds now) noexcept {
    const auto lines = fields.count(field::if_range);
    if (lines == 0) return true;
    if (lines > 1) return false;
    const auto value = fields[field::if_range];
    if (const auto tag = parse_entity_tag(value)) {
        const auto own = parse_entity_tag(current.etag);
        return own && strong_match(*tag, *own);
    }
    const auto date = parse_date(value, now);
    return date && current.last_modified && *date == *current.last_modified &&
           *current.last_modified + 1 < now;
}

}  // namespace fairlead::http
