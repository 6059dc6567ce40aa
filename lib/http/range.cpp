#include "http/range.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace fairlead::http {
namespace {

bool is_number(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_leading_zeros(std::string_view digits) noexcept {
    const auto first = digits.find_first_not_of('0');
    return first == std::string_view::npos ? std::string_view{} : digits.substr(first);
}

/// Compares numbers of any length.
bool is_less(std::string_view a, std::string_view b) noexcept {
    a = without_leading_zeros(a);
    b = without_leading_zeros(b);
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// The value of digits; a number that does not fit is the largest one that does.
std::uint64_t clipped(std::string_view digits) noexcept {
    return parse_decimal(digits).value_or(std::numeric_limits<std::uint64_t>::max());
}

constexpr range_choice unsatisfiable{.kind = range_choice::kind::unsatisfiable};

/// Reads one range-spec, or nothing when it is malformed (RFC 9110 section 14.1.1).
std::optional<range_choice> read_spec(std::string_view spec, std::uint64_t size) noexcept {
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = spec.substr(0, dash);
    const auto last = spec.substr(dash + 1);
    if (first.empty()) {
        if (!is_number(last)) return std::nullopt;
        const auto length = std::min(clipped(last), size);
        if (clipped(last) == 0) return unsatisfiable;
        return range_choice{.kind = range_choice::kind::part, .offset = size - length, .length = length};
    }
    if (!is_number(first) || (!last.empty() && !is_number(last))) return std::nullopt;
    if (!last.empty() && is_less(last, first)) return std::nullopt;
    const auto offset = clipped(first);
    if (offset >= size) return unsatisfiable;
    const auto end = last.empty() ? size - 1 : std::min(clipped(last), size - 1);
    return range_choice{.kind = range_choice::kind::part, .offset = offset, .length = end - offset + 1};
}

}  // namespace

range_choice choose_range(std::string_view value, std::uint64_t size) noexcept {
    const auto equals = value.find('=');
    if (equals == std::string_view::npos || !iequals(value.substr(0, equals), "bytes")) return {};
    list_reader specs(value.substr(equals + 1));
    std::optional<range_choice> chosen;
    while (const auto spec = specs.next()) {
        const auto read = read_spec(*spec, size);
        if (!read) return {};
        const bool has_part = chosen && chosen->kind == range_choice::kind::part;
        if (has_part && read->kind == range_choice::kind::part) return {};
        if (!has_part) chosen = read;
    }
    // A suffix of an empty representation is satisfiable, but no Content-Range can say so: send the empty
    // whole.
    if (!chosen || (chosen->kind == range_choice::kind::part && chosen->length == 0)) return {};
    return *chosen;
}

range_choice choose_range(verb method, const field_table& fields, std::uint64_t size) noexcept {
    if (method != verb::get || fields.count(field::range) != 1) return {};
    return choose_range(fields[field::range], size);
}

std::string content_range(const range_choice& choice, std::uint64_t size) {
    switch (choice.kind) {
        case range_choice::kind::whole: return {};
        case range_choice::kind::unsatisfiable: return "bytes */" + std::to_string(size);
        case range_choice::kind::part: break;
    }
    return "bytes " + std::to_string(choice.offset) + '-' +
           std::to_string(choice.offset + choice.length - 1) + '/' + std::to_string(size);
}

}  // namespace fairlead::http
