#include "content/listing.hpp"

#include "base/file_time.hpp"
#include "base/text.hpp"
#include "http/escape.hpp"
#include "http/field_value.hpp"
#include "http/target.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace fairlead::content {
namespace {

using http::entry_kind;
using http::listing_entry;

/// Each crumb leads further up by a longer link than the next one, so all those of a deep path would take the
/// square of its depth.
constexpr std::size_t most_crumbs = 12;
constexpr std::string_view root_name = "Home";
constexpr std::array<std::string_view, 3> key_names{"name", "size", "time"};
constexpr std::array<std::string_view, 3> key_titles{"Name", "Size", "Modified (UTC)"};

constexpr std::string_view page_begin =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Index of ";

/// The colours are those of the pages in resources/www. No font, image or script has to be loaded.
constexpr std::string_view style = R"(</title>
<style>
:root{color-scheme:light dark;--page:#f5f3ee;--card:#fff;--ink:#16293a;--soft:#4b6172;--line:#e2dfd6;
--link:#17607a;--dir:#b9842a;--file:#9fb0bb}
@media(prefers-color-scheme:dark){:root{--page:#0d1b27;--card:#142737;--ink:#e6edf0;--soft:#a5b8c4;
--line:#233a4c;--link:#7cc4d8;--dir:#dcb15c;--file:#5f7a8b}}
body{margin:auto;max-width:60rem;padding:clamp(1rem,5vh,3rem) clamp(.75rem,4vw,2rem);background:var(--page);
color:var(--ink);font:1rem/1.5 system-ui,sans-serif} a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline} :focus-visible{outline:3px solid var(--link);border-radius:6px}
nav,ol{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:0 0 .75rem;padding:0}
ol{gap:0;margin:0;list-style:none;color:var(--soft)} li+li::before{content:"/";padding:0 .5rem}
.up{padding:.25rem .9rem;background:var(--card);border:1px solid var(--line);border-radius:99px}
.up::before{content:"\2191\a0"} table+p{margin-top:1rem!important}
h1{margin:0;font-size:clamp(1.6rem,5vw,2.2rem);line-height:1.2} p{margin:.25rem 0 1.25rem;color:var(--soft)}
li,h1,th{unicode-bidi:isolate;overflow-wrap:anywhere;white-space:pre-wrap}
.note{padding:.75rem 1rem;color:var(--ink);background:var(--card);border-left:4px solid var(--dir)}
table{width:100%;border-spacing:0;background:var(--card);border:1px solid var(--line);border-radius:12px;
overflow:hidden} caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th{text-align:left;font-weight:400} th:first-child{width:100%} th:nth-child(2) a{justify-content:flex-end}
td,thead th{white-space:nowrap;font-variant-numeric:tabular-nums} td:nth-child(2){text-align:right}
td{color:var(--soft);font-size:.9rem} td,th a{padding:.45rem .75rem}
th a{display:flex;gap:.65rem;align-items:center;outline-offset:-3px}
thead a{color:var(--soft);font-size:.9rem;font-weight:600;gap:.35rem} [aria-sort] a{color:var(--ink)}
[aria-sort] a::after{content:"\25b4"} [aria-sort=descending] a::after{content:"\25be"}
tbody :is(th,td){border-top:1px solid var(--line)} tbody tr:hover{background:var(--page)}
tbody a::before{content:"";flex:none;width:.9rem;height:1.05rem;background:var(--file);
clip-path:polygon(6% 0,62% 0,94% 26%,94% 100%,6% 100%)} tbody [href$="/"]::before{background:var(--dir);
clip-path:polygon(0 12%,40% 12%,52% 26%,100% 26%,100% 92%,0 92%)}
@media(max-width:34rem){tr{display:flex;flex-wrap:wrap} thead th:first-child{flex:1} tbody th{flex:1 0 100%}
tbody td{border:0;padding:0 .75rem .45rem 2.3rem} td+td{padding-left:0!important} td:empty{padding-right:0}}
</style>
</head>
<body>
)";

std::strong_ordering compare_names(std::string_view a, std::string_view b) noexcept {
    const auto by_letter =
        std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
            return static_cast<unsigned char>(to_lower(x)) <=> static_cast<unsigned char>(to_lower(y));
        });
    return by_letter != 0 ? by_letter : a <=> b;
}

bool comes_before(const listing_entry& a, const listing_entry& b, const listing_options& options) noexcept {
    if (a.kind != b.kind) return a.kind == entry_kind::directory;
    auto order = std::strong_ordering::equal;
    switch (options.sort) {
        case listing_key::name: order = compare_names(a.name, b.name); break;
        case listing_key::size: order = a.size <=> b.size; break;
        case listing_key::time: order = a.mtime_ns <=> b.mtime_ns; break;
    }
    if (order != 0) return options.is_descending ? order > 0 : order < 0;
    return compare_names(a.name, b.name) < 0;
}

/// "2026-01-02T03:04:05Z" (RFC 3339), rounded down.
std::string time_text(std::int64_t mtime_ns) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(whole_seconds(mtime_ns)));
}

/// Appends "900 B", "1.5 KiB", "12 MiB"; the exact number stands in the value and in the title.
void append_size(std::string& out, std::uint64_t size) {
    constexpr std::array<std::string_view, 7> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(size);
    std::size_t unit = 0;
    // Not 1024, so that no number has more than three digits.
    for (; value >= 999.5; ++unit) value /= 1024;
    const int decimals = unit > 0 && value < 9.95 ? 1 : 0;
    fmt::format_to(std::back_inserter(out), "<data value=\"{0}\" title=\"{0} B\">{1:.{2}f} {3}</data>", size,
                   value, decimals, units[unit]);
}

/// The way up, the way here, and the name of the folder as the heading.
void append_path(std::string& out, std::string_view path) {
    auto names = split(path, '/');
    // After the last slash stands nothing; before the first, the root.
    names.pop_back();
    const auto depth = names.empty() ? 0 : names.size() - 1;
    if (depth > 0) out += "<nav aria-label=\"Path\"><a class=\"up\" href=\"../\">Up</a><ol>";
    for (auto level = depth - std::min(depth, most_crumbs); level < depth; ++level) {
        out += "<li><a href=\"";
        for (auto above = level; above < depth; ++above) out += "../";
        out += "\">";
        http::append_html(out, level == 0 ? root_name : names[level]);
        out += "</a></li>";
    }
    const auto name = http::escape_html(depth == 0 ? root_name : names[depth]);
    if (depth > 0) out += "<li aria-current=\"page\">" + name + "</li></ol></nav>\n";
    out += "<main>\n<h1>" + name + "</h1>\n";
}

void append_heading(std::string& out, listing_key key, const listing_options& options) {
    const auto at = static_cast<std::size_t>(key);
    const bool is_current = options.sort == key;
    // The first look at sizes and times is for the largest and the newest.
    const bool next_descends = is_current ? !options.is_descending : key != listing_key::name;
    out += "<th scope=\"col\"";
    if (is_current) out += options.is_descending ? " aria-sort=\"descending\"" : " aria-sort=\"ascending\"";
    fmt::format_to(std::back_inserter(out), "><a href=\"?sort={}&amp;order={}\">{}</a></th>", key_names[at],
                   next_descends ? "desc" : "asc", key_titles[at]);
}

void append_html_row(std::string& out, const listing_entry& entry) {
    const std::string_view slash = entry.kind == entry_kind::directory ? "/" : "";
    // "./" before the name, so that none of them is a scheme, a query or a fragment.
    out += "<tr><th scope=\"row\"><a href=\".";
    http::append_html(out, http::encode_path(entry.name));
    out += slash;
    out += "\">";
    http::append_html(out, entry.name);
    out += slash;
    out += "</a></th><td>";
    if (entry.kind == entry_kind::file) append_size(out, entry.size);
    const auto time = time_text(entry.mtime_ns);
    out += "</td><td><time datetime=\"" + time + "\">";
    out.append(time, 0, 10).append(" ").append(time, 11, 5) += "</time></td></tr>\n";
}

void append_json_row(std::string& out, const listing_entry& entry) {
    out += "{\"name\":";
    http::append_json_string(out, entry.name);
    if (entry.kind == entry_kind::directory)
        out += ",\"type\":\"directory\"";
    else
        fmt::format_to(std::back_inserter(out), ",\"type\":\"file\",\"size\":{}", entry.size);
    out += ",\"modified\":\"" + time_text(entry.mtime_ns) + "\"}";
}

/// Everything above the first row.
void append_html_head(std::string& out, const std::vector<listing_entry>& entries,
                      const listing_options& options) {
    out += page_begin;
    http::append_html(out, options.path);
    out += style;
    append_path(out, options.path);
    const auto folders = std::ranges::count(entries, entry_kind::directory, &listing_entry::kind);
    const auto files = std::ssize(entries) - folders;
    fmt::format_to(std::back_inserter(out), "<p>{} folder{}, {} file{}</p>\n", folders,
                   folders == 1 ? "" : "s", files, files == 1 ? "" : "s");
    if (options.is_truncated)
        out += "<p class=\"note\">This folder has more entries than are shown here.</p>\n";
    else if (entries.empty())
        out += "<p class=\"note\">This folder is empty.</p>\n";
    if (entries.empty()) return;
    out += "<table>\n<caption>Contents of this folder; the headings sort</caption>\n<thead><tr>";
    for (const auto key : {listing_key::name, listing_key::size, listing_key::time})
        append_heading(out, key, options);
    out += "</tr></thead>\n<tbody>\n";
}

void append_html_foot(std::string& out, bool has_table) {
    if (has_table) out += "</tbody>\n</table>\n";
    out += "<p><a href=\"?format=json\">As JSON</a></p>\n</main>\n</body>\n</html>\n";
}

/// Reads one `name=value` of a query into what it sets.
void read_option(std::string_view text, listing_options& options) {
    const auto name = text.substr(0, text.find('='));
    const auto value = text.substr(std::min(name.size() + 1, text.size()));
    if (name == "sort") {
        const auto at = std::find(key_names.begin(), key_names.end(), value);
        if (at != key_names.end()) options.sort = static_cast<listing_key>(at - key_names.begin());
    } else if (name == "order" && (value == "asc" || value == "desc")) {
        options.is_descending = value == "desc";
    } else if (name == "format" && (value == "html" || value == "json")) {
        options.form = value == "json" ? listing_form::json : listing_form::html;
    }
}

}  // namespace

listing_options options_from(std::string_view query, std::string_view accept) {
    listing_options options;
    if (http::prefers_json(accept)) options.form = listing_form::json;
    for (const auto option : split(query, '&')) read_option(option, options);
    return options;
}

listing::sorted_entries listing::sort(std::vector<listing_entry> entries, const listing_options& options) {
    std::sort(entries.begin(), entries.end(),
              [&options](const auto& a, const auto& b) { return comes_before(a, b, options); });
    return std::make_shared<const std::vector<listing_entry>>(std::move(entries));
}

listing::listing(sorted_entries entries, listing_options options)
    : entries_(std::move(entries)), options_(std::move(options)) {}

bool listing::next(std::string& out) {
    if (is_complete_) return false;
    const auto enough = out.size() + listing_piece_bytes;
    if (!std::exchange(is_begun_, true)) append_head(out);
    for (; at_ < entries_->size() && out.size() < enough; ++at_) append_row(out);
    is_complete_ = at_ == entries_->size();
    if (is_complete_) append_foot(out);
    return true;
}

void listing::append_head(std::string& out) const {
    if (options_.form == listing_form::html) return append_html_head(out, *entries_, options_);
    out += "{\"path\":";
    http::append_json_string(out, options_.path);
    out += ",\"entries\":[";
}

void listing::append_row(std::string& out) const {
    if (options_.form == listing_form::html) return append_html_row(out, (*entries_)[at_]);
    if (at_ > 0) out += ',';
    append_json_row(out, (*entries_)[at_]);
}

void listing::append_foot(std::string& out) const {
    if (options_.form == listing_form::html) return append_html_foot(out, !entries_->empty());
    out += options_.is_truncated ? "],\"truncated\":true}\n" : "],\"truncated\":false}\n";
}

}  // namespace fairlead::content
