// The choice is the one of a slower reading of RFC 9110 section 12.5.3, and of every way to cut the list into
// lines.

#include "http/content_coding.hpp"
#include "http/field_value.hpp"

#include "base/text.hpp"
#include "require.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::http;

namespace {

/// What one element says, by name in lower case, or nothing when it counts for nothing.
std::optional<std::pair<std::string, int>> read_element(std::string_view element) {
    element = trim(element);
    const auto end = element.find_first_of("; \t");
    auto name = to_lower(element.substr(0, end));
    if (name == "x-gzip") name = "gzip";
    const bool refuses_others = name == "*" || name == "identity";
    if (!refuses_others && name != "gzip" && name != "br" && name != "zstd") return std::nullopt;
    if (end == std::string_view::npos) return std::pair(name, 1000);
    std::vector<std::string_view> said;
    for (const auto piece : split(element.substr(end), ';'))
        if (!trim(piece).empty()) said.push_back(trim(piece));
    if (said.empty()) return std::pair(name, 1000);
    std::optional<int> quality;
    const bool is_weight = said.size() == 1 && trim(element.substr(end)).starts_with(';') &&
                           (said[0].starts_with("q=") || said[0].starts_with("Q="));
    if (is_weight) quality = parse_qvalue(said[0].substr(2));
    if (!quality && refuses_others) return std::nullopt;
    return std::pair(name, quality.value_or(0));
}

std::optional<content_coding> slow_choice(std::string_view list, std::span<const content_coding> available) {
    std::map<std::string, int> said;
    for (const auto element : split(list, ','))
        if (const auto read = read_element(element)) said.insert(*read);
    const auto quality_of = [&](content_coding coding) {
        const auto found = said.find(std::string(token(coding)));
        if (found != said.end()) return found->second;
        const bool is_covered = coding == content_coding::gzip || coding == content_coding::identity;
        return is_covered && said.contains("*") ? said["*"] : -1;
    };
    std::optional<content_coding> best;
    for (const auto coding : available)
        if (quality_of(coding) > 0 && (!best || quality_of(coding) > quality_of(*best))) best = coding;
    const int identity = quality_of(content_coding::identity);
    if (best && quality_of(*best) >= identity) return best;
    if (identity != 0) return content_coding::identity;
    for (const auto coding : available)
        if (!said.contains(std::string(token(coding))) && said.contains("*") && said["*"] > 0) return coding;
    return std::nullopt;
}

}  // namespace

/// The first byte chooses which codings there are; the rest is the list, and each LF in it begins a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using enum content_coding;
    if (size == 0) return 0;
    constexpr content_coding orders[][3] = {{gzip, br, zstd}, {zstd, br, gzip}, {br, gzip, zstd}};
    const auto available = std::span(orders[data[0] / 4 % 3]).first(data[0] % 4);
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::vector<field_view> lines;
    std::string list;
    for (const auto line : split(text, '\n')) {
        lines.push_back({field::accept_encoding, {}, line});
        list.append(list.empty() ? "" : ",").append(line);
    }
    const auto choice = choose_coding(field_table(lines), available);
    REQUIRE_INVARIANT(choice == slow_choice(list, available));
    const field_view joined[] = {{field::accept_encoding, {}, list}};
    REQUIRE_INVARIANT(choice == choose_coding(field_table(joined), available));
    return 0;
}
