#include "given.hpp"

#include "config/json_source.hpp"

namespace fairlead::config {
namespace {

BOOST_AUTO_TEST_SUITE(syntax)

BOOST_AUTO_TEST_CASE(a_syntax_error_names_line_column_and_the_likely_reason) {
    const struct {
        std::string_view text;
        std::string_view expected;
    } cases[] = {
        {"", "1:1: the file is empty: the least that it can be is {}"},
        {" // nothing\n", "1:1: the file is empty: the least that it can be is {}"},
        {"{\n  \"threads\" 4\n}", "2:13: syntax error at '4': a ',' or ':' is missing before it"},
        {"{\n  \"threads\": 4\n  \"root\": \"x\"\n}",
         "3:3: syntax error at '\"': a ',' or ':' is missing before it"},
        {"{'a': 1}", "1:2: syntax error at ''': strings and keys stand in double quotes: \"...\""},
        {"{a: 1}",
         "1:2: syntax error at 'a': only true, false, null and numbers are written without double quotes"},
        {"{\"a\": yes}",
         "1:7: syntax error at 'y': only true, false, null and numbers are written without double quotes"},
        {"{\"a\" = 1}", "1:6: syntax error at '=': a key and its value are separated by ':'"},
        {"# x\n{}", "1:1: syntax error at '#': comments begin with // or stand between /* and */"},
        {"{\"a\": 01}", "1:8: syntax error at '1': a number does not begin with 0"},
        {"{\"a\": [1, 2}",
         "1:12: syntax error at '}': it does not close what was opened last, or a value is missing before "
         "it"},
        {"{\"a\": \"x\ny\"}",
         "1:9: syntax error: a string must end on the line where it begins; write \\n for a line break"},
        {"{\"a\": 1", "1:8: syntax error: the file ends too early: a closing '}', ']' or '\"' is missing"},
        {"{} {}", "1:4: syntax error at '{': a ',' or ':' is missing before it"},
        {"{\"\xC3\xA4\": x}",
         "1:7: syntax error at 'x': only true, false, null and numbers are written without double quotes"},
        {"\xEF\xBB\xBF{x",
         "1:2: syntax error at 'x': only true, false, null and numbers are written without double quotes"},
        {"{\"a\": \"x\ty\"}", "1:9: syntax error: a tab does not stand in a string as it is; write \\t"},
        {"{\"a\": \"\\ud83d\"}",
         "1:14: syntax error at '\"': the escape before it is half of a character; the other half (\\uDC00 "
         "to \\uDFFF) is missing"},
        {std::string_view("{\"a\": 1,\0 \"b\": 2}", 18),
         "1:9: syntax error: a NUL byte; the file has to be text in UTF-8"},
        {std::string_view("{\"a\": \"x\0\"}", 12),
         "1:9: syntax error: a NUL byte; the file has to be text in UTF-8"},
        {"{\"a\": \"\xFC\"}",
         "1:8: syntax error: these bytes are not UTF-8, as which the file has to be saved"},
        {"{\u201Ca\u201D: 1}",
         "1:2: syntax error: strings and keys stand in the plain double quotes of programs: \"...\""},
        {"{\u00E4: 1}", "1:2: syntax error: this character may stand only in strings and comments"},
        {"\xFF\xFE{", "1:1: the file is in UTF-16; it has to be saved as UTF-8"},
        {std::string_view("{\0}\0", 4), "1:1: the file is in UTF-16; it has to be saved as UTF-8"},
        {std::string_view("\0{\0}", 4), "1:1: the file is in UTF-16; it has to be saved as UTF-8"},
    };
    for (const auto& [text, expected] : cases) BOOST_TEST_CONTEXT(text)
    BOOST_TEST(given::errors_of(given::load_site(text)).at(0) ==
               "/etc/fairlead/site.json:" + std::string(expected));
}

BOOST_AUTO_TEST_CASE(too_deep_is_refused) {
    const auto nested = [](int levels) { return std::string(levels, '[') + std::string(levels, ']'); };
    BOOST_TEST(std::holds_alternative<node>(parse_json(nested(32))));
    const auto refused = parse_json(nested(33));
    BOOST_REQUIRE(std::holds_alternative<syntax_error>(refused));
    BOOST_TEST(std::get<syntax_error>(refused).message ==
               "lists and objects are nested more than 32 levels deep");
}

BOOST_AUTO_TEST_CASE(comments_trailing_commas_and_a_byte_order_mark_are_taken) {
    const auto configuration = given::must_load(
        "\xEF\xBB\xBF/* a */ { // b \"threads\": 1\n"
        "\"threads\": /* c { */ 3, // d\n"
        "\"root\": \"a//b /* c\", \"index\": [\"x\\\"y\",],\n} // e");
    BOOST_TEST(configuration.values.threads == 3);
    BOOST_TEST(configuration.values.site.delivery.root == "/etc/fairlead/a/b /* c");
    BOOST_TEST((configuration.values.site.delivery.index == std::vector<std::string>{"x\"y"}));
    BOOST_TEST(configuration.origin_of("threads").text() == "/etc/fairlead/site.json:2");
    BOOST_TEST(configuration.origin_of("index").text() == "/etc/fairlead/site.json:3");
}

BOOST_AUTO_TEST_CASE(each_value_knows_its_place) {
    const auto parsed =
        parse_json("{\r\n  \"\xC3\xA4\": \"\xE2\x82\xAC\", \"b\": [true,\n null, {\"c\": -1.5e3}]}");
    BOOST_REQUIRE(std::holds_alternative<node>(parsed));
    const auto& root = std::get<node>(parsed);
    BOOST_REQUIRE_EQUAL(root.members.size(), 2);
    BOOST_TEST((root.at == position{1, 1}));
    BOOST_TEST((root.members[0].at == position{2, 3}));
    BOOST_TEST((root.members[0].value.at == position{2, 8}));
    BOOST_TEST((root.members[1].at == position{2, 13}));
    const auto& list = root.members[1].value;
    BOOST_TEST((list.at == position{2, 18}));
    BOOST_REQUIRE_EQUAL(list.items.size(), 3);
    BOOST_TEST((list.items[0].at == position{2, 19}));
    BOOST_TEST((list.items[1].at == position{3, 2}));
    BOOST_TEST((list.items[2].members.at(0).value.at == position{3, 14}));
    BOOST_TEST(list.items[2].members[0].value.text == "-1.5e3");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
