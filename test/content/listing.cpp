#include "content/listing.hpp"

#include "http/target.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>

using namespace fairlead;
using namespace fairlead::content;
using http::entry_kind;
using http::listing_entry;
using entries = std::vector<listing_entry>;

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::string text_of(entries all, const listing_options& options = {}) {
    listing source(listing::sort(std::move(all), options), options);
    std::string text;
    while (source.next(text)) continue;
    return text;
}

listing_options at(std::string path) {
    listing_options options;
    options.path = std::move(path);
    return options;
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (auto pos = text.find(part); pos != std::string_view::npos; pos = text.find(part, pos + 1)) ++found;
    return found;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The names in the order of the listing.
std::string order_of(entries all, listing_key key, bool is_descending) {
    listing_options options;
    options.sort = key;
    options.is_descending = is_descending;
    options.form = listing_form::json;
    std::string names;
    const auto value = boost::json::parse(text_of(std::move(all), options));
    for (const auto& entry : value.at("entries").as_array())
        names += (names.empty() ? "" : " ") + std::string(entry.at("name").as_string());
    return names;
}

BOOST_AUTO_TEST_SUITE(listing_suite)

BOOST_AUTO_TEST_CASE(reads_the_query) {
    using enum listing_key;
    using enum listing_form;
    const std::string many = [] {
        std::string text;
        for (int i = 0; i < 5000; ++i) text += "&sort=none";
        return text;
    }();
    const struct {
        std::string query, accept;
        listing_key sort;
        bool is_descending;
        listing_form form;
    } cases[] = {
        {"", "", name, false, html},
        {"sort=size", "", size, false, html},
        {"sort=time&order=desc", "", time, true, html},
        {"order=desc&sort=name", "", name, true, html},
        {"order=asc", "", name, false, html},
        {"format=json", "", name, false, json},
        {"", "application/json", name, false, json},
        {"", "text/html,application/json;q=0.9", name, false, html},
        {"", "*/*", name, false, html},
        {"format=html", "application/json", name, false, html},
        {"format=xml", "application/json", name, false, json},
        {"sort=size&sort=time", "", time, false, html},
        {"sort=size&sort=nothing", "", size, false, html},
        {"&&sort=size&", "", size, false, html},
        {"sort=SIZE&order=DESC&format=JSON", "", name, false, html},
        {"sort", "", name, false, html},
        {"sort=&order=&format=", "", name, false, html},
        {"=size", "", name, false, html},
        {"xsort=size", "", name, false, html},
        {"sort=sizes", "", name, false, html},
        {"sort%3Dsize", "", name, false, html},
        {many + "&sort=time", "", time, false, html},
    };
    for (const auto& each : cases) {
        const auto options = options_from(each.query, each.accept);
        BOOST_TEST((options.sort == each.sort), each.query);
        BOOST_TEST(options.is_descending == each.is_descending, each.query);
        BOOST_TEST((options.form == each.form), each.query);
    }
}

BOOST_AUTO_TEST_CASE(sorts_totally_and_directories_first) {
    using enum listing_key;
    const entries all{
        {"b", entry_kind::file, 5, 1},        {"A", entry_kind::file, 5, 9},
        {"a", entry_kind::file, 700, 3},      {"z", entry_kind::directory, 0, 2},
        {"Y", entry_kind::directory, 0, 8},   {"file10", entry_kind::file, 1, 3},
        {"file9", entry_kind::file, 2, 3},    {"\xc3\xa4", entry_kind::file, 0, 0},
        {"_", entry_kind::file, 1 << 30, -5},
    };
    const struct {
        listing_key key;
        bool is_descending;
        std::string_view expected;
    } cases[] = {
        {name, false, "Y z _ A a b file10 file9 \xc3\xa4"}, {name, true, "z Y \xc3\xa4 file9 file10 b a A _"},
        {size, false, "Y z \xc3\xa4 file10 file9 A b a _"}, {size, true, "Y z _ a A b file9 file10 \xc3\xa4"},
        {time, false, "z Y _ \xc3\xa4 b a file10 file9 A"}, {time, true, "Y z A a file10 file9 b \xc3\xa4 _"},
    };
    for (const auto& each : cases) {
        auto order = all;
        std::sort(order.begin(), order.end(), [](const auto& x, const auto& y) { return x.name < y.name; });
        BOOST_TEST(order_of(order, each.key, each.is_descending) == each.expected);
        std::reverse(order.begin(), order.end());
        BOOST_TEST(order_of(order, each.key, each.is_descending) == each.expected);
    }
}

BOOST_AUTO_TEST_CASE(links_survive_every_name) {
    const struct {
        std::string_view name, href, text;
    } cases[] = {
        {"plain.txt", "./plain.txt", "plain.txt"},
        {"a:b", "./a:b", "a:b"},
        {"javascript:alert(1)", "./javascript:alert(1)", "javascript:alert(1)"},
        {"//x", "./x", "//x"},
        {"?q", "./%3Fq", "?q"},
        {"#h", "./%23h", "#h"},
        {"100%", "./100%25", "100%"},
        {"%2e%2e", "./%252e%252e", "%2e%2e"},
        {"a b", "./a%20b", "a b"},
        {"...", "./...", "..."},
        {"./x", "././x", "./x"},
        {"\"><script>", "./%22%3E%3Cscript%3E", "&quot;&gt;&lt;script&gt;"},
        {"'onclick=x&amp;", "./&#39;onclick=x&amp;amp;", "&#39;onclick=x&amp;amp;"},
        {"gr\xc3\xbc\xc3\x9f", "./gr%C3%BC%C3%9F", "gr\xc3\xbc\xc3\x9f"},
    };
    for (const auto& each : cases) {
        const auto link = "<a href=\"" + std::string(each.href);
        const auto file = text_of({{std::string(each.name), entry_kind::file, 0, 0}});
        BOOST_TEST(has(file, link + "\">" + std::string(each.text) + "</a>"), file);
        const auto folder = text_of({{std::string(each.name), entry_kind::directory, 0, 0}});
        BOOST_TEST(has(folder, link + "/\">" + std::string(each.text) + "/</a>"), folder);
        BOOST_TEST(!has(file, "<script"));
    }
}

BOOST_AUTO_TEST_CASE(shows_sizes_that_people_read) {
    const struct {
        std::uint64_t size;
        std::string_view expected;
    } cases[] = {
        {0, "0 B"},
        {1, "1 B"},
        {999, "999 B"},
        {1000, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {10'188, "9.9 KiB"},
        {10'240, "10 KiB"},
        {1'022'976, "999 KiB"},
        {1'023'488, "1.0 MiB"},
        {12'582'912, "12 MiB"},
        {std::uint64_t{3} << 40, "3.0 TiB"},
        {std::numeric_limits<std::uint64_t>::max(), "16 EiB"},
    };
    for (const auto& each : cases) {
        const auto exact = std::to_string(each.size);
        const auto cell = "<data value=\"" + exact + "\" title=\"" + exact + " B\">" +
                          std::string(each.expected) + "</data>";
        BOOST_TEST(has(text_of({{"x", entry_kind::file, each.size, 0}}), cell), cell);
    }
    BOOST_TEST(!has(text_of({{"x", entry_kind::directory, 4096, 0}}), "<data"));
}

BOOST_AUTO_TEST_CASE(shows_times_in_utc) {
    const struct {
        std::int64_t mtime_ns;
        std::string_view exact, shown;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01 00:00"},
        {1'767'323'045 * second + 999'999'999, "2026-01-02T03:04:05Z", "2026-01-02 03:04"},
        {-1, "1969-12-31T23:59:59Z", "1969-12-31 23:59"},
        {951'782'400 * second, "2000-02-29T00:00:00Z", "2000-02-29 00:00"},
        {std::numeric_limits<std::int64_t>::max(), "2262-04-11T23:47:16Z", "2262-04-11 23:47"},
        {std::numeric_limits<std::int64_t>::min(), "1677-09-21T00:12:43Z", "1677-09-21 00:12"},
    };
    listing_options json;
    json.form = listing_form::json;
    for (const auto& each : cases) {
        const entries one{{"x", entry_kind::file, 0, each.mtime_ns}};
        const auto element =
            "<time datetime=\"" + std::string(each.exact) + "\">" + std::string(each.shown) + "<";
        BOOST_TEST(has(text_of(one), element), element);
        BOOST_TEST(has(text_of(one, json), "\"modified\":\"" + std::string(each.exact) + "\""));
    }
}

BOOST_AUTO_TEST_CASE(shows_the_way_here) {
    const auto deep = text_of({}, at("/a/<b>/c d/"));
    BOOST_TEST(has(deep, "<title>Index of /a/&lt;b&gt;/c d/</title>"));
    BOOST_TEST(has(deep,
                   "<nav aria-label=\"Path\"><a class=\"up\" href=\"../\">Up</a><ol>"
                   "<li><a href=\"../../../\">Home</a></li><li><a href=\"../../\">a</a></li>"
                   "<li><a href=\"../\">&lt;b&gt;</a></li><li aria-current=\"page\">c d</li></ol></nav>"));
    BOOST_TEST(has(deep, "<h1>c d</h1>"));
    const auto top = text_of({});
    BOOST_TEST(has(top, "<h1>Home</h1>"));
    BOOST_TEST(!has(top, "<nav"));
    BOOST_TEST(!has(top, "../"));
    // However deep, a page stays small.
    std::string path = "/";
    while (path.size() < 4094) path += "a/";
    BOOST_TEST(text_of({}, at(path)).size() < 16u * 1024);
    BOOST_TEST(count(text_of({}, at(path)), "<li>") == 12u);
}

BOOST_AUTO_TEST_CASE(headings_sort) {
    const entries one{{"x", entry_kind::file, 0, 0}};
    const auto plain = text_of(one);
    BOOST_TEST(has(
        plain, "<th scope=\"col\" aria-sort=\"ascending\"><a href=\"?sort=name&amp;order=desc\">Name</a>"));
    BOOST_TEST(has(plain, "<th scope=\"col\"><a href=\"?sort=size&amp;order=desc\">Size</a>"));
    BOOST_TEST(has(plain, "<th scope=\"col\"><a href=\"?sort=time&amp;order=desc\">Modified (UTC)</a>"));
    const auto sized = text_of(one, options_from("sort=size&order=desc", ""));
    BOOST_TEST(has(sized, "<th scope=\"col\"><a href=\"?sort=name&amp;order=asc\">Name</a>"));
    BOOST_TEST(
        has(sized, "<th scope=\"col\" aria-sort=\"descending\"><a href=\"?sort=size&amp;order=asc\">"));
    BOOST_TEST(count(sized, "aria-sort=\"") == 1u);
}

BOOST_AUTO_TEST_CASE(says_how_many_and_whether_all) {
    const std::string_view empty = "This folder is empty.", cut = "This folder has more entries";
    const entries one{{"x", entry_kind::file, 0, 0}};
    const entries three{
        {"x", entry_kind::file, 0, 0}, {"y", entry_kind::directory, 0, 0}, {"z", entry_kind::file, 0, 0}};
    auto truncated = at("/");
    truncated.is_truncated = true;
    const struct {
        std::string text;
        std::string_view counted;
        bool is_empty, is_cut;
    } cases[] = {
        {text_of({}), "<p>0 folders, 0 files</p>", true, false},
        {text_of(one), "<p>0 folders, 1 file</p>", false, false},
        {text_of(three), "<p>1 folder, 2 files</p>", false, false},
        {text_of(one, truncated), "<p>0 folders, 1 file</p>", false, true},
        {text_of({}, truncated), "<p>0 folders, 0 files</p>", false, true},
    };
    for (const auto& each : cases) {
        BOOST_TEST(has(each.text, each.counted), each.counted);
        BOOST_TEST(has(each.text, empty) == each.is_empty);
        BOOST_TEST(has(each.text, cut) == each.is_cut);
        BOOST_TEST(each.text.ends_with("</html>\n"));
    }
}

BOOST_AUTO_TEST_CASE(asks_for_nothing_from_outside) {
    const auto page = text_of({{"x", entry_kind::file, 0, 0}}, at("/a/"));
    for (const auto* part :
         {"<script", "<link", "<img", "<form", "<base", "url(", "@import", "http", "style=", " on"})
        BOOST_TEST(!has(page, part), part);
}

BOOST_AUTO_TEST_CASE(json_has_the_documented_form) {
    auto options = at("/a \"b\"/");
    options.form = listing_form::json;
    BOOST_TEST(text_of({}, options) == "{\"path\":\"/a \\\"b\\\"/\",\"entries\":[],\"truncated\":false}\n");
    options.is_truncated = true;
    BOOST_TEST(
        text_of({{"x\\\x01", entry_kind::file, 7, 0}, {"d", entry_kind::directory, 9, 0}}, options) ==
        "{\"path\":\"/a \\\"b\\\"/\",\"entries\":["
        "{\"name\":\"d\",\"type\":\"directory\",\"modified\":\"1970-01-01T00:00:00Z\"},"
        "{\"name\":\"x\\\\\\u0001\",\"type\":\"file\",\"size\":7,\"modified\":\"1970-01-01T00:00:00Z\"}"
        "],\"truncated\":true}\n");
}

BOOST_AUTO_TEST_CASE(comes_in_pieces) {
    entries many;
    // The longest name, of bytes that grow most.
    for (int i = 0; i < 2000; ++i)
        many.push_back({std::to_string(10'000 + i) + std::string(250, '"'), entry_kind::file, 1, 1});
    std::string path = "/";
    while (path.size() < 3800) path += std::string(250, '"') + '/';
    for (const auto form : {listing_form::html, listing_form::json}) {
        auto options = at(path);
        options.form = form;
        const auto whole = text_of(many, options);
        listing source(listing::sort(many, options), options);
        std::string joined, piece = "kept";
        std::size_t pieces = 0;
        for (; source.next(piece); ++pieces) {
            BOOST_TEST_REQUIRE(piece.starts_with("kept"));
            BOOST_TEST(piece.size() <= 64u * 1024);
            joined += piece.substr(4);
            piece.resize(4);
        }
        BOOST_TEST(piece == "kept");
        BOOST_TEST(pieces >= whole.size() / (2 * listing_piece_bytes));
        BOOST_TEST(pieces > 10u);
        BOOST_TEST((joined == whole));
        BOOST_TEST(!source.next(piece));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
