#include "http/media_type.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(media_type_table_)

media_type_table parse(std::string_view text) {
    std::vector<std::string> errors;
    auto table = media_type_table::parse(text, errors);
    BOOST_TEST(errors.empty());
    return table;
}

BOOST_AUTO_TEST_CASE(reads_the_apache_form) {
    const auto table =
        parse("# comment\n\ntext/html html htm # more\r\nimage/png\tpng\nfont/woff2\nTEXT/Plain TXT");
    BOOST_TEST(table.content_type("html") == "text/html; charset=utf-8");
    BOOST_TEST(table.content_type("HTM") == "text/html; charset=utf-8");
    BOOST_TEST(table.content_type("png") == "image/png");
    BOOST_TEST(table.content_type("txt") == "text/plain; charset=utf-8");
    BOOST_TEST(table.content_type("woff2") == "application/octet-stream");
    BOOST_TEST(table.content_type("") == "application/octet-stream");
    BOOST_TEST(table.knows("PnG"));
    BOOST_TEST(!table.knows("more"));
    BOOST_TEST(!table.knows("comment"));
    BOOST_TEST(table.size() == 4u);
}

BOOST_AUTO_TEST_CASE(reads_the_nginx_form) {
    const auto table = parse("types {\n  text/css css;\n application/x\n      a b;  image/gif gif; }\n");
    BOOST_TEST(table.content_type("css") == "text/css; charset=utf-8");
    BOOST_TEST(table.content_type("b") == "application/x");
    BOOST_TEST(table.content_type("gif") == "image/gif");
    BOOST_TEST(table.size() == 4u);
}

BOOST_AUTO_TEST_CASE(the_last_entry_wins) {
    BOOST_TEST(parse("text/javascript js\napplication/x JS").content_type("js") == "application/x");
}

BOOST_AUTO_TEST_CASE(reports_every_error_with_its_line) {
    struct {
        std::string_view text;
        std::vector<std::string> errors;
    } const rows[] = {
        {"html text/html\ntext/css css\n/ x",
         {"line 1: not a media type: html", "line 1: not a file extension: text/html",
          "line 3: not a media type: /"}},
        {"text/html .html a.b", {"line 1: not a file extension: .html", "line 1: not a file extension: a.b"}},
        {"\ntext/html;charset=x html",
         {"line 2: not a file extension: ;", "line 2: not a file extension: charset=x"}},
        {"types {\n text/html html;", {"line 2: missing: }"}},
        {"types text/html", {"line 1: expected { after: types", "line 1: missing: }"}},
    };
    for (const auto& row : rows) {
        std::vector<std::string> errors;
        media_type_table::parse(row.text, errors);
        BOOST_TEST(errors == row.errors, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(the_shipped_table_is_sound) {
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/resources/mime.types");
    BOOST_TEST_REQUIRE(file.good());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto table = parse(text);
    BOOST_TEST(table.size() >= 120u);
    struct {
        std::string_view extension, type;
    } const rows[] = {
        {"html", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"wasm", "application/wasm"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"avif", "image/avif"},
        {"webp", "image/webp"},
        {"ico", "image/vnd.microsoft.icon"},
        {"woff2", "font/woff2"},
        {"webmanifest", "application/manifest+json"},
        {"md", "text/markdown; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"},
        {"pdf", "application/pdf"},
        {"mp4", "video/mp4"},
    };
    for (const auto& row : rows) BOOST_TEST(table.content_type(row.extension) == row.type);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
