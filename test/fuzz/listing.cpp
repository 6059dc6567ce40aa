// Whatever a directory, its entries and the query are called: the page has the structure that it has for
// harmless names, its links lead to the entries, and the JSON gives the names back.

#include "content/listing.hpp"

#include "base/text.hpp"
#include "http/target.hpp"
#include "require.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using namespace fairlead::content;
using entries = std::vector<http::listing_entry>;

namespace {

std::string text_of(entries all, const listing_options& options) {
    listing source(listing::sort(std::move(all), options), options);
    std::string text;
    while (source.next(text)) continue;
    const auto size = text.size();
    REQUIRE_INVARIANT(!source.next(text) && text.size() == size);
    return text;
}

/// Ends when the tags do not balance, or a '<' or '>' is no tag's.
void require_balance(std::string_view page) {
    constexpr std::string_view doctype = "<!doctype html>";
    REQUIRE_INVARIANT(page.starts_with(doctype));
    page.remove_prefix(doctype.size());
    std::vector<std::string_view> open;
    while (true) {
        const auto begin = page.find_first_of("<>");
        if (begin == std::string_view::npos) break;
        REQUIRE_INVARIANT(page[begin] == '<');
        page.remove_prefix(begin + 1);
        const auto end = page.find_first_of("<>");
        REQUIRE_INVARIANT(end != std::string_view::npos && page[end] == '>');
        const auto tag = page.substr(0, end);
        page.remove_prefix(end + 1);
        REQUIRE_INVARIANT(std::count(tag.begin(), tag.end(), '"') % 2 == 0);
        const auto name = tag.substr(0, tag.find(' '));
        if (!name.starts_with('/')) {
            if (name != "meta") open.push_back(name);
            continue;
        }
        REQUIRE_INVARIANT(!open.empty() && open.back() == name.substr(1));
        open.pop_back();
    }
    REQUIRE_INVARIANT(open.empty());
}

/// The bytes of markup in their order.
std::string markup_of(std::string_view page) {
    std::string out;
    out.reserve(page.size());
    for (const char c : page)
        if (c == '<' || c == '>' || c == '"' || c == '\'') out += c;
    return out;
}

/// The same listing with names and a path that need no care.
void require_structure(const entries& all, const listing_options& options, std::string_view page) {
    auto harmless = all;
    for (auto& entry : harmless) entry.name = "x";
    auto plain = options;
    for (char& c : plain.path)
        if (c != '/') c = 'x';
    REQUIRE_INVARIANT(markup_of(page) == markup_of(text_of(std::move(harmless), plain)));
}

/// An attribute's value as a browser reads it.
std::string unescape(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        if (text.starts_with("&amp;"))
            out += '&', text.remove_prefix(5);
        else if (text.starts_with("&#39;"))
            out += '\'', text.remove_prefix(5);
        else
            out += text.front(), text.remove_prefix(1);
    }
    return out;
}

/// What the links of the rows lead to, in their order.
std::vector<std::string> targets_of(std::string_view page, std::string_view path) {
    constexpr std::string_view row = "<tr><th scope=\"row\"><a href=\"";
    std::vector<std::string> targets;
    for (auto at = page.find(row); at != std::string_view::npos; at = page.find(row)) {
        page.remove_prefix(at + row.size());
        const auto link = unescape(page.substr(0, page.find('"')));
        REQUIRE_INVARIANT(link.starts_with("./"));
        const auto address = http::encode_path(path) + link;
        const auto target = http::parse_target(address, http::verb::get);
        REQUIRE_INVARIANT(target && !target->has_query);
        std::string storage;
        const auto found = http::normalise_path(target->path, storage);
        REQUIRE_INVARIANT(found.has_value());
        targets.emplace_back(*found);
    }
    return targets;
}

bool can_be_asked_for(std::string_view path) {
    std::string storage;
    const auto asked = http::encode_path(path);
    const auto found = http::normalise_path(asked, storage);
    return found && *found == path;
}

/// That both forms name the same entries in the same order.
void require_names(const entries& all, listing_options options) {
    options.form = listing_form::json;
    const auto value = boost::json::parse(text_of(all, options));
    REQUIRE_INVARIANT(value.at("path").as_string() == options.path);
    REQUIRE_INVARIANT(value.at("truncated").as_bool() == options.is_truncated);
    options.form = listing_form::html;
    const auto targets = targets_of(text_of(all, options), options.path);
    const auto& listed = value.at("entries").as_array();
    REQUIRE_INVARIANT(listed.size() == all.size() && targets.size() == all.size());
    std::vector<std::string> given, shown;
    for (const auto& entry : all) given.push_back(entry.name);
    for (std::size_t i = 0; i < listed.size(); ++i) {
        const std::string name(listed[i].at("name").as_string());
        const bool is_directory = listed[i].at("type").as_string() == "directory";
        REQUIRE_INVARIANT(is_directory != listed[i].as_object().contains("size"));
        REQUIRE_INVARIANT(targets[i] == options.path + name + (is_directory ? "/" : ""));
        shown.push_back(name);
    }
    std::sort(given.begin(), given.end());
    std::sort(shown.begin(), shown.end());
    REQUIRE_INVARIANT(given == shown);
}

}  // namespace

/// The lines of the input are the query, the path and the names. A name's length gives its kind, size and
/// time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096));
    const auto lines = split(text, '\n');
    auto options = options_from(lines[0], lines[0]);
    options.path = "/";
    if (lines.size() > 1 && !lines[1].empty()) options.path += std::string(lines[1]) + '/';
    options.is_truncated = size % 2 == 1;
    entries any, possible;
    for (std::size_t i = 2; i < lines.size(); ++i) {
        const auto length = lines[i].size();
        const auto number = (length + i) * 0x9E3779B97F4A7C15ULL;
        const auto kind = length % 3 == 0 ? http::entry_kind::directory : http::entry_kind::file;
        any.push_back(
            {std::string(lines[i]), kind, number >> (number & 63), static_cast<std::int64_t>(number)});
        const bool is_segment = !lines[i].empty() && lines[i].find('/') == std::string_view::npos;
        if (is_segment && can_be_asked_for("/" + any.back().name)) possible.push_back(any.back());
    }
    auto html = options;
    html.form = listing_form::html;
    const auto page = text_of(any, html);
    require_balance(page);
    require_structure(any, html, page);
    if (can_be_asked_for(options.path)) require_names(possible, options);
    return 0;
}
