#include "http/field_value.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(field_value)

BOOST_AUTO_TEST_CASE(knows_tokens) {
    for (const auto text : {"a", "X-A", "!#$%&'*+-.^_`|~09azAZ"}) BOOST_TEST(is_token(text));
    for (const auto text :
         {"", "a b", "a:", "a@b", "\"a\"", "a,b", "a;", "a/b", "[", "(a)", "\x80", "a\x7f", "<a>"})
        BOOST_TEST(!is_token(text), text);
}

BOOST_AUTO_TEST_CASE(knows_field_content) {
    for (const auto text : {"", "a\tb c", "caf\xE9 \xFF"}) BOOST_TEST(is_field_content(text));
    for (const auto text : {"a\0b"sv, "\r"sv, "\n"sv, "\x1b[31m"sv, "\x7f"sv})
        BOOST_TEST(!is_field_content(text));
}

BOOST_AUTO_TEST_CASE(reads_lists) {
    struct {
        std::string_view value;
        std::vector<std::string_view> elements;
    } const rows[] = {
        {"", {}},
        {" , ,\t,", {}},
        {"a", {"a"}},
        {",a ,, b\t,c,", {"a", "b", "c"}},
        {"\"a,b\", c", {"\"a,b\"", "c"}},
        {"x=\"\\\",\";y, z", {"x=\"\\\",\";y", "z"}},
        {"\"open, a", {"\"open, a"}},
        {"\"open\\", {"\"open\\"}},
    };
    for (const auto& row : rows) {
        list_reader list(row.value);
        std::vector<std::string_view> found;
        while (const auto element = list.next()) found.push_back(*element);
        BOOST_TEST(found == row.elements, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(finds_tokens_in_lists) {
    BOOST_TEST(list_has_token("keep-alive, Close", "close"));
    BOOST_TEST(list_has_token(",;@=,,close", "close"));
    BOOST_TEST(list_has_token("CLOSE", "close"));
    BOOST_TEST(!list_has_token("closed, x-close", "close"));
    BOOST_TEST(!list_has_token("\"a, close\"", "close"));
    BOOST_TEST(!list_has_token("", "close"));
    BOOST_TEST(!list_has_token("close;x", "close"));
}

BOOST_AUTO_TEST_CASE(parses_media_types) {
    struct {
        std::string_view value, type, subtype, charset;
    } const rows[] = {
        {"application/json", "application", "json", ""},
        {" Application/JSON ; Charset=UTF-8 ", "Application", "JSON", "UTF-8"},
        {"application/json;charset=\"utf-8\"", "application", "json", "\"utf-8\""},
        {"a/b;;x=y; ;charset=z;", "a", "b", "z"},
        {"application/vnd.api+json", "application", "vnd.api+json", ""},
        {"a/b;x=\";charset=no\"", "a", "b", ""},
    };
    for (const auto& row : rows) {
        const auto parsed = parse_media_type(row.value);
        BOOST_TEST_REQUIRE(parsed.has_value(), row.value);
        BOOST_TEST(parsed->type == row.type);
        BOOST_TEST(parsed->subtype == row.subtype);
        BOOST_TEST(parsed->parameter("charset") == row.charset);
    }
    BOOST_TEST(parse_media_type("Application/JSON")->is("application", "json"));
    BOOST_TEST(!parse_media_type("application/jsonx")->is("application", "json"));
    for (const auto value :
         {"", "application", "application/", "/json", "a/b/c", "a /b", "a/ b", "a/b c", "a/b;x",
          "a/b;x=", "a/b; =y", "a/b;x =y", "a/b;x=\"y", "a/b,c/d", "a/b;x=y z", "a/b x=y"})
        BOOST_TEST(!parse_media_type(value).has_value(), value);
}

BOOST_AUTO_TEST_CASE(removes_quotes) {
    BOOST_TEST(unquote("a") == "a");
    BOOST_TEST(unquote("\"a b\"") == "a b");
    BOOST_TEST(unquote("\"a\\\"\\\\b\"") == "a\"\\b");
    BOOST_TEST(unquote("\"") == "\"");
    BOOST_TEST(unquote("") == "");
}

BOOST_AUTO_TEST_CASE(reads_qvalues) {
    struct {
        std::string_view text;
        int value;
    } const rows[] = {{"0", 0},     {"1", 1000},  {"0.", 0},     {"1.", 1000},    {"0.5", 500},
                      {"0.05", 50}, {"0.001", 1}, {"1.0", 1000}, {"1.000", 1000}, {"0.999", 999}};
    for (const auto& row : rows) BOOST_TEST(parse_qvalue(row.text).value_or(-1) == row.value, row.text);
    for (const auto text :
         {"", "2", "1.001", "1.1", "0.0000", "-0", "+1", ".5", "0,5", "0.5x", "01", "1e0", "00"})
        BOOST_TEST(!parse_qvalue(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(weighs_accept) {
    struct {
        std::string_view accept, wanted;
        int quality;
    } const rows[] = {
        {"", "text/html", 1000},
        {" , ", "text/html", 1000},
        {"*/*", "text/html", 1000},
        {"*/*;q=0.1, text/*;q=0.2, text/html;q=0.3", "text/html", 300},
        {"*/*;q=0.1, text/*;q=0.2, text/html;q=0.3", "text/plain", 200},
        {"*/*;q=0.1, text/*;q=0.2, text/html;q=0.3", "image/png", 100},
        {"text/html;q=0, */*", "text/html", 0},
        {"TEXT/HTML;Q=0.5", "text/html", 500},
        {"text/html;level=1", "text/html", 0},
        {"text/html;q=0.5;ext=1", "text/html", 500},
        {"text/html;q=x, */*;q=0.2", "text/html", 200},
        {"*/html", "text/html", 0},
        {";;;,,/;q=x", "text/html", 0},
        {"application/json", "text/html", 0},
    };
    for (const auto& row : rows)
        BOOST_TEST(accept_quality(row.accept, row.wanted) == row.quality, row.accept);
}

BOOST_AUTO_TEST_CASE(prefers_json_only_when_asked) {
    for (const auto accept : {"application/json", "application/problem+json", "application/*",
                              "application/json, text/plain, */*", "text/html;q=0.5, application/json",
                              "application/json;q=0.2, text/html;q=0.1", "text/html;q=0, */*"})
        BOOST_TEST(prefers_json(accept), accept);
    for (const auto accept :
         {"", "*/*", "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/*",
          "text/html, application/json", "application/json;q=0", "image/png", ";;;,,/;q=x"})
        BOOST_TEST(!prefers_json(accept), accept);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
