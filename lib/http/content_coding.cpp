#include "http/content_coding.hpp"

#include "base/text.hpp"
#include "http/field_value.hpp"

#include <algorithm>
#include <array>

namespace fairlead::http {
namespace {

struct coding_names {
    std::string_view token;
    std::string_view suffix;
};

/// By the number of the coding.
constexpr std::array<coding_names, 4> names{
    {{"identity", ""}, {"gzip", ".gz"}, {"br", ".br"}, {"zstd", ".zst"}}};

constexpr std::size_t index(content_coding coding) noexcept { return static_cast<std::size_t>(coding); }

/// The place of `*` behind those of the codings.
constexpr std::size_t any_coding = names.size();
constexpr std::size_t places = names.size() + 1;

/// A quality that no element gave.
constexpr int unsaid = -1;

/// The place of a name, or `places` when it is none that is known here. By length first: most elements are
/// then compared with one name at most.
std::size_t place_of(std::string_view name) noexcept {
    using enum content_coding;
    const auto place_if = [name](std::string_view known, std::size_t place) {
        return iequals(name, known) ? place : places;
    };
    switch (name.size()) {
        case 1: return place_if("*", any_coding);
        case 2: return place_if("br", index(br));
        case 4:
            return to_lower(name[0]) == 'g' ? place_if("gzip", index(gzip)) : place_if("zstd", index(zstd));
        case 6: return place_if("x-gzip", index(gzip));
        case 8: return place_if("identity", index(identity));
        default: return places;
    }
}

/// The quality in thousandths that stands behind a name, or nothing when it is not one correct weight.
std::optional<int> read_weight(std::string_view parameters) noexcept {
    parameter_reader reader(parameters);
    const auto weight = reader.next();
    if (!weight) return reader.is_malformed() ? std::nullopt : std::optional(1000);
    if (!iequals(weight->name, "q") || reader.next() || reader.is_malformed()) return std::nullopt;
    return parse_qvalue(weight->value);
}

/// What the fields say of each coding and of `*`, in thousandths or `unsaid`.
class qualities {
public:
    qualities() noexcept { said_.fill(unsaid); }

    // Without list_reader, which costs as much as all the rest, for each request: this list has no quoted
    // strings, so a comma always ends an element.
    void read(std::string_view value) noexcept {
        while (!value.empty()) {
            const auto element = value.substr(0, value.find(','));
            read_element(element);
            value.remove_prefix(std::min(element.size() + 1, value.size()));
        }
    }

    int of(content_coding coding) const noexcept {
        const auto said = said_[index(coding)];
        const bool is_covered = coding == content_coding::gzip || coding == content_coding::identity;
        return said == unsaid && is_covered ? said_[any_coding] : said;
    }

    /// Only `*` speaks of it, and does not refuse it.
    bool is_covered(content_coding coding) const noexcept {
        return said_[index(coding)] == unsaid && said_[any_coding] > 0;
    }

private:
    void read_element(std::string_view element) noexcept {
        const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
        while (!element.empty() && is_space(element.front())) element.remove_prefix(1);
        std::size_t end = 0;
        while (end < element.size() && element[end] != ';' && !is_space(element[end])) ++end;
        const auto name = element.substr(0, end);
        const auto place = place_of(name);
        if (place == places || said_[place] != unsaid) return;
        const auto weight =
            name.size() == element.size() ? std::optional(1000) : read_weight(element.substr(name.size()));
        const bool is_default = place == any_coding || place == index(content_coding::identity);
        said_[place] = weight.value_or(is_default ? unsaid : 0);
    }

    std::array<int, places> said_;
};

}  // namespace

std::string_view token(content_coding coding) noexcept { return names[index(coding)].token; }

std::optional<content_coding> coding_named(std::string_view name) noexcept {
    using enum content_coding;
    for (const auto one : {gzip, br, zstd})
        if (token(one) == name) return one;
    return std::nullopt;
}

std::string_view file_suffix(content_coding coding) noexcept { return names[index(coding)].suffix; }

std::optional<content_coding> choose_coding(const field_table& fields,
                                            std::span<const content_coding> available) noexcept {
    qualities wanted;
    for (const auto& line : fields)
        if (line.id == field::accept_encoding) wanted.read(line.value);
    auto best = content_coding::identity;
    int best_quality = 0;
    for (const auto coding : available) {
        const int quality = wanted.of(coding);
        if (coding == content_coding::identity || quality <= best_quality) continue;
        best = coding;
        best_quality = quality;
    }
    const int identity = wanted.of(content_coding::identity);
    if (best_quality > 0 && best_quality >= identity) return best;
    if (identity != 0) return content_coding::identity;
    // Before nothing at all, what `*` says of codings that the client may not know, but does not refuse.
    for (const auto coding : available)
        if (coding != content_coding::identity && wanted.is_covered(coding)) return coding;
    return std::nullopt;
}

}  // namespace fairlead::http
