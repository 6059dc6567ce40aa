#include "telemetry/escape.hpp"

#include <boost/test/unit_test.hpp>

using namespace fairlead::telemetry;
using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(escape)

BOOST_AUTO_TEST_CASE(each_form_keeps_what_is_safe_in_it_and_escapes_the_rest) {
    struct row {
        std::string_view text, message, quoted, word, nginx, json;
    };
    const row rows[] = {
        {"", "", "", "", "", ""},
        {"abc-1.2", "abc-1.2", "abc-1.2", "abc-1.2", "abc-1.2", "abc-1.2"},
        {"a b=c", "a b=c", "a b=c", R"(a\x20b\x3Dc)", "a b=c", "a b=c"},
        {R"("\)", R"("\)", R"(\"\\)", R"(\x22\x5C)", R"(\x22\x5C)", R"(\"\\)"},
        {"a\nb\r\t", R"(a\x0Ab\x0D\x09)", R"(a\x0Ab\x0D\x09)", R"(a\x0Ab\x0D\x09)", R"(a\x0Ab\x0D\x09)",
         R"(a\nb\r\t)"},
        {"\0"sv, R"(\x00)", R"(\x00)", R"(\x00)", R"(\x00)", R"(\u0000)"},
        {"\x1b[31m", R"(\x1B[31m)", R"(\x1B[31m)", R"(\x1B[31m)", R"(\x1B[31m)", R"(\u001b[31m)"},
        {"\x7f", R"(\x7F)", R"(\x7F)", R"(\x7F)", R"(\x7F)", R"(\u007f)"},
        // U+00E9, U+20AC, U+1F600: printed as they are where UTF-8 may stand.
        {"\xC3\xA9", "\xC3\xA9", "\xC3\xA9", R"(\xC3\xA9)", R"(\xC3\xA9)", "\xC3\xA9"},
        {"\xE2\x82\xAC", "\xE2\x82\xAC", "\xE2\x82\xAC", R"(\xE2\x82\xAC)", R"(\xE2\x82\xAC)",
         "\xE2\x82\xAC"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", R"(\xF0\x9F\x98\x80)",
         R"(\xF0\x9F\x98\x80)", "\xF0\x9F\x98\x80"},
        // C1 as UTF-8 (U+0085, next line) and as a lone byte.
        {"\xC2\x85", R"(\xC2\x85)", R"(\xC2\x85)", R"(\xC2\x85)", R"(\xC2\x85)", R"(\u0085)"},
        {"\x9B", R"(\x9B)", R"(\x9B)", R"(\x9B)", R"(\x9B)", R"(\ufffd)"},
        {"\xC2\xA0", "\xC2\xA0", "\xC2\xA0", R"(\xC2\xA0)", R"(\xC2\xA0)", "\xC2\xA0"},
        // Right-to-left and Arabic letter marks, line separator, right-to-left override, isolate.
        {"\xE2\x80\x8F", R"(\xE2\x80\x8F)", R"(\xE2\x80\x8F)", R"(\xE2\x80\x8F)", R"(\xE2\x80\x8F)",
         R"(\u200f)"},
        {"\xD8\x9C", R"(\xD8\x9C)", R"(\xD8\x9C)", R"(\xD8\x9C)", R"(\xD8\x9C)", R"(\u061c)"},
        {"\xE2\x80\xA8", R"(\xE2\x80\xA8)", R"(\xE2\x80\xA8)", R"(\xE2\x80\xA8)", R"(\xE2\x80\xA8)",
         R"(\u2028)"},
        {"\xE2\x80\xAE", R"(\xE2\x80\xAE)", R"(\xE2\x80\xAE)", R"(\xE2\x80\xAE)", R"(\xE2\x80\xAE)",
         R"(\u202e)"},
        {"\xE2\x81\xA6", R"(\xE2\x81\xA6)", R"(\xE2\x81\xA6)", R"(\xE2\x81\xA6)", R"(\xE2\x81\xA6)",
         R"(\u2066)"},
        // Invalid: overlong slash, surrogate, cut short, beyond U+10FFFF; the byte after it is looked at
        // anew.
        {"\xC0\xAFz", R"(\xC0\xAFz)", R"(\xC0\xAFz)", R"(\xC0\xAFz)", R"(\xC0\xAFz)", R"(\ufffd\ufffdz)"},
        {"\xED\xA0\x80", R"(\xED\xA0\x80)", R"(\xED\xA0\x80)", R"(\xED\xA0\x80)", R"(\xED\xA0\x80)",
         R"(\ufffd\ufffd\ufffd)"},
        {"\xE2\x82", R"(\xE2\x82)", R"(\xE2\x82)", R"(\xE2\x82)", R"(\xE2\x82)", R"(\ufffd\ufffd)"},
        {"\xC3\"", R"(\xC3")", R"(\xC3\")", R"(\xC3\x22)", R"(\xC3\x22)", R"(\ufffd\")"},
        {"\xF5", R"(\xF5)", R"(\xF5)", R"(\xF5)", R"(\xF5)", R"(\ufffd)"},
    };
    for (const row& each : rows) {
        BOOST_TEST_CONTEXT("text " << each.nginx) {
            BOOST_TEST(escape_for_log(each.text, escape_form::message) == each.message);
            BOOST_TEST(escape_for_log(each.text) == each.quoted);
            BOOST_TEST(escape_for_log(each.text, escape_form::word) == each.word);
            BOOST_TEST(escape_for_log(each.text, escape_form::nginx) == each.nginx);
            BOOST_TEST(escape_for_log(each.text, escape_form::json) == each.json);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
