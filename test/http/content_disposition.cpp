#include "http/content_disposition.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(disposition)

BOOST_AUTO_TEST_CASE(reads_names) {
    struct {
        std::string_view value;
        std::string_view name;
        std::optional<std::string> filename;
    } const rows[] = {
        {R"(form-data; name="a")", "a", {}},
        {R"(form-data; name="a"; filename="b.txt")", "a", "b.txt"},
        {R"(form-data; filename="b.txt"; name="a")", "a", "b.txt"},
        {"FORM-Data;NAME=a;FileName=b.txt", "a", "b.txt"},
        {"form-data \t;\tname=a ; filename=b;", "a", "b"},
        {"form-data;; ;name=a", "a", {}},
        {R"(form-data; name=""; filename="")", "", ""},
        {R"(form-data; name="_charset_")", "_charset_", {}},
        // Escapes of quoted strings; a path of Windows stays one that the caller can see through.
        {R"(form-data; name="a\"b\\c")", R"(a"b\c)", {}},
        {R"(form-data; name=a; filename="C:\dir\x.txt")", "a", R"(C:\dir\x.txt)"},
        {R"(form-data; name="a; filename=b")", "a; filename=b", {}},
        {R"(form-data; name="\"; filename=\"b")", R"("; filename="b)", {}},
        // What browsers encode, and nothing else.
        {R"(form-data; name="%22%0D%0A")", "\"\r\n", {}},
        {R"(form-data; name=a; filename="%22; filename=%22b")", "a", R"("; filename="b)"},
        {R"(form-data; name="%0d%0a%00%2F%2522%2")", "%0d%0a%00%2F%2522%2", {}},
        {R"(form-data; name="\%22")", R"(\")", {}},
        {"form-data; name=%22a%22", "%22a%22", {}},
        {"form-data; name=\"\xC3\xA4\t\xF0\x9F\x93\x8E\"", "\xC3\xA4\t\xF0\x9F\x93\x8E", {}},
        // Which names make a file is not decided here.
        {R"(form-data; name=a; filename="../../etc/passwd")", "a", "../../etc/passwd"},
        {R"(form-data; name=a; other=1; other=2; size="x;y")", "a", {}},
    };
    for (const auto& row : rows) {
        const auto parsed = parse_content_disposition(row.value);
        BOOST_TEST_REQUIRE(parsed.has_value(), row.value);
        BOOST_TEST(parsed->name == row.name, row.value);
        BOOST_TEST((parsed->filename == row.filename), row.value);
    }
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong) {
    struct {
        std::string_view value;
        std::string_view words;
    } const rows[] = {
        {"", "is not form-data"},
        {"attachment; name=a", "is not form-data"},
        {"form-data name=a", "is not form-data"},
        {"form-datax; name=a", "is not form-data"},
        {"\"form-data\"; name=a", "is not form-data"},
        {"form-data, form-data; name=a", "is not form-data"},
        {"form-data", "has no name"},
        {"form-data;", "has no name"},
        {"form-data; filename=a", "has no name"},
        {"form-data; names=a", "has no name"},
        {"form-data; name=a; name=a", "more than one name"},
        {"form-data; name=a; NAME=b", "more than one name"},
        {"form-data; name=a; filename=b; filename=c", "more than one filename"},
        {"form-data; name=a; filename=\"\"; FileName=c", "more than one filename"},
        {"form-data; name=\"a", "malformed"},
        {"form-data; name=\"a\\\"", "malformed"},
        {"form-data; name=a\"", "malformed"},
        {"form-data; name=\"a\"b", "malformed"},
        {"form-data; name=\"a\" filename=\"b\"", "malformed"},
        {"form-data; name=", "malformed"},
        {"form-data; name = a", "malformed"},
        {"form-data; name", "malformed"},
        {"form-data; =a", "malformed"},
        {"form-data; name=a b", "malformed"},
        {"form-data; name=a/b", "malformed"},
        {"form-data; name='a'; \"filename\"=b", "malformed"},
        {"form-data; name=\xC3\xA4", "malformed"},
        {"form-data; name=\"a\0\""sv, "control byte"},
        {"form-data; name=\"a\rb\"", "control byte"},
        {"form-data; name=\"a\nb\"", "control byte"},
        {"form-data; name=\"a\x7F\"", "control byte"},
        {"form-data; name=\"\xE4\"", "not UTF-8"},
        {"form-data; name=a; filename=\"\xC0\xAF\"", "not UTF-8"},
        {"form-data; name=a; filename=\"\xED\xA0\x80\"", "not UTF-8"},
        {"form-data; name=a; filename*=UTF-8''b.txt", "filename*"},
        {"form-data; name=a; filename=b.txt; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "filename*"},
        {"form-data; name=a; filename*=UTF-8''../../etc/passwd", "filename*"},
        {"form-data; name=a; FILENAME*=x", "filename*"},
        {"form-data; name=a; filename*=\"b\"", "filename*"},
        {"form-data; name=a; filename*=", "filename*"},
        {"form-data; name=a; filename*", "filename*"},
        {"form-data; name=a;\t filename* =b", "filename*"},
        {"form-data; name=a; filename*=\"b", "filename*"},
        {"form-data; filename*=x", "filename*"},
        {"form-data; name=a; filename*0=\"b\"; filename*1=\".exe\"", "filename*"},
        {"form-data; name*=UTF-8''a", "filename*"},
    };
    for (const auto& row : rows) {
        const auto parsed = parse_content_disposition(row.value);
        BOOST_TEST_REQUIRE(parsed.has_error(), row.value);
        BOOST_TEST(parsed.error().find(row.words) != std::string::npos, row.value << ": " << parsed.error());
    }
}

/// A header line is short, but nothing here may depend on it.
BOOST_AUTO_TEST_CASE(long_values_take_linear_time) {
    const auto repeated = [](std::string_view text) {
        std::string all;
        for (int i = 0; i < 500'000; ++i) all += text;
        return all;
    };
    BOOST_TEST(parse_content_disposition("form-data; name=a" + repeated(";b=c")).has_value());
    BOOST_TEST(parse_content_disposition("form-data; name=a" + repeated(";")).has_value());
    BOOST_TEST(parse_content_disposition("form-data; name=\"" + repeated("\\\"") + '"')->name.size() ==
               500'000u);
    BOOST_TEST(parse_content_disposition("form-data; name=\"" + repeated("\\\"")).has_error());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
