#include "http/range.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <array>
#include <limits>

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

/// One range-spec, read (RFC 9110 section 14.1.1).
struct range_spec {
    enum class kind { malformed, unsatisfiable, usable };
    enum kind kind = kind::malformed;
    byte_range range;  // of length 0 for a suffix of an empty representation
};

range_spec read_spec(std::string_view spec, std::uint64_t size) noexcept {
    constexpr range_spec unsatisfiable{.kind = range_spec::kind::unsatisfiable, .range = {}};
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return {};
    const auto first = spec.substr(0, dash);
    const auto last = spec.substr(dash + 1);
    if (first.empty()) {
        if (!is_number(last)) return {};
        if (clipped(last) == 0) return unsatisfiable;
        const auto length = std::min(clipped(last), size);
        return {.kind = range_spec::kind::usable, .range = {size - length, length}};
    }
    if (!is_number(first) || (!last.empty() && !is_number(last))) return {};
    if (!last.empty() && is_less(last, first)) return {};
    const auto offset = clipped(first);
    if (offset >= size) return unsatisfiable;
    const auto end = last.empty() ? size - 1 : std::min(clipped(last), size - 1);
    return {.kind = range_spec::kind::usable, .range = {offset, end - offset + 1}};
}

/// In ascending order, those that overlap or nearly touch as one.
std::vector<byte_range> merged(std::vector<byte_range> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const byte_range& a, const byte_range& b) { return a.offset < b.offset; });
    std::vector<byte_range> result;
    for (const auto& next : ranges) {
        if (!result.empty()) {
            auto& latest = result.back();
            const auto end = latest.offset + latest.length;
            if (next.offset <= end || next.offset - end <= small_gap) {
                latest.length = std::max(end, next.offset + next.length) - latest.offset;
                continue;
            }
        }
        result.push_back(next);
    }
    return result;
}

}  // namespace

range_choice choose_range(std::string_view value, std::uint64_t size) {
    using kind = enum range_choice::kind;
    const auto equals = value.find('=');
    if (equals == std::string_view::npos || !iequals(value.substr(0, equals), "bytes")) return {};
    list_reader specs(value.substr(equals + 1));
    range_choice choice;
    bool is_asked = false;
    while (const auto spec = specs.next()) {
        const auto read = read_spec(*spec, size);
        if (read.kind == range_spec::kind::malformed) return {};
        // A suffix of an empty representation is satisfiable, but no Content-Range can say so: send the empty
        // whole.
        if (read.kind == range_spec::kind::usable && read.range.length == 0) return {};
        if (read.kind == range_spec::kind::usable) choice.ranges.push_back(read.range);
        is_asked = true;
    }
    if (!is_asked) return {};
    if (choice.ranges.empty()) {
        choice.kind = kind::unsatisfiable;
        return choice;
    }
    if (choice.ranges.size() > 1) {
        auto fewer = merged(choice.ranges);
        if (fewer.size() < choice.ranges.size()) choice.ranges = std::move(fewer);
    }
    if (choice.ranges.size() == 1) {
        choice.kind = kind::part;
        return choice;
    }
    std::uint64_t cost = 0;  // cannot wrap: the ranges do not overlap, and their number is checked first
    if (choice.ranges.size() > max_ranges) return {};
    for (const auto& range : choice.ranges) cost += range.length;
    if (size - cost <= choice.ranges.size() * part_overhead) return {};
    choice.kind = kind::several;
    return choice;
}

range_choice choose_range(verb method, const field_table& fields, std::uint64_t size) {
    if (method != verb::get || fields.count(field::range) != 1) return {};
    return choose_range(fields[field::range], size);
}

std::string content_range(const byte_range& range, std::uint64_t size) {
    std::array<char, 6 + 3 * 20 + 2> text;
    char* out = put(put(text.data(), "bytes "), range.offset);
    out = put(put(out, "-"), range.offset + range.length - 1);
    out = put(put(out, "/"), size);
    return {text.data(), out};
}

std::string unsatisfied_range(std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace fairlead::http
