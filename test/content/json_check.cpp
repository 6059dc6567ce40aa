#include "content/json_check.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using fairlead::content::json_check;
using fairlead::content::json_fault;
using namespace std::string_view_literals;

namespace {

constexpr unsigned depth = 4;
constexpr std::uint64_t size = 4096;

std::optional<json_fault> check(json_check& checker, std::string_view text, std::size_t piece) {
    for (std::size_t at = 0; at < text.size(); at += piece)
        if (auto fault = checker.write(text.substr(at, piece))) return fault;
    return checker.finish();
}

std::optional<json_fault> check(std::string_view text) {
    json_check checker(depth, size);
    return check(checker, text, text.size() + 1);
}

struct refused {
    std::string_view text;
    std::uint64_t offset;
    std::string_view reason;
};

constexpr refused refusals[] = {
    {"", 0, "the document is empty"},
    {" \n ", 3, "the document is empty"},
    {"[1,2", 4, "the document ends too early"},
    {"\"abc", 4, "the document ends too early"},
    {"-", 1, "the document ends too early"},
    {"1e", 2, "the document ends too early"},
    {"nul", 3, "the document ends too early"},
    {R"({"a" 1})", 5, "expected ':', found '1'"},
    {R"({"a":1 x})", 7, "expected ',' or '}', found 'x'"},
    {R"({"a":1,})", 7, "expected a name in quotes, found '}'"},
    {R"({"a":})", 5, "expected a value, found '}'"},
    {R"({1:2})", 1, "expected a name in quotes or '}', found '1'"},
    {R"({a:2})", 1, "expected a name in quotes or '}', found 'a'"},
    {R"({"a":[1,{}]]})", 11, "expected ',' or '}', found ']'"},
    {"[1,]", 3, "expected a value, found ']'"},
    {"[,1]", 1, "expected a value or ']', found ','"},
    {"[1 2]", 3, "expected ',' or ']', found '2'"},
    {"[1 \r\n\t 2]", 7, "expected ',' or ']', found '2'"},
    {"NaN", 0, "expected a value, found 'N'"},
    {"'a'", 0, "expected a value, found '''"},
    {"/**/1", 0, "expected a value, found '/'"},
    {"[1 // one\n]", 3, "expected ',' or ']', found '/'"},
    {"tru!", 0, "expected true, false or null, found another word"},
    {"1.x", 2, "'x' is not allowed here"},
    {"+1", 0, "expected a value, found '+'"},
    {".5", 0, "expected a value, found '.'"},
    {"\"a\nb\"", 2, "a line break is not allowed here"},
    {"\"a\tb\"", 2, "a tab is not allowed here"},
    {"\"\0\""sv, 1, "byte 0x00 is not allowed here"},
    {"\x01", 0, "byte 0x01 is not allowed here"},
    {R"("\x")", 2, "'x' makes no escape"},
    {R"("\u12g4")", 5, "expected hex digit"},
    {R"([1,"\ud800x"])", 10, "half of a surrogate pair, without its other half"},
    {R"("\udc00")", 7, "illegal trailing surrogate"},
    {"\xEF\xBB\xBF{}", 0, "byte 0xEF is not allowed here"},
    {"\"\xFF\"", 1, "byte 0xFF is not allowed here"},
    {"\"\xC0\xAF\"", 1, "byte 0xC0 is not allowed here"},
    {"\"\xED\xA0\x80\"", 1, "byte 0xED is not allowed here"},
    {"\"\xF4\x90\x80\x80\"", 1, "byte 0xF4 is not allowed here"},
    {"{} x", 3, "something follows the document"},
    {"01", 1, "something follows the document"},
    {"1 1", 2, "something follows the document"},
    {"{}\0"sv, 2, "something follows the document"},
    {"1e99999999999", 11, "exponent overflow"},
    {"[[[[[1]]]]]", 4, "arrays and objects are nested deeper than the limit of 4"},
    {R"({"a":{"a":{"a":{"a":{}}}}})", 20, "arrays and objects are nested deeper than the limit of 4"},
};

constexpr std::string_view acceptances[] = {
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1.5e+3",
    "\"\"",
    " \t\r\n{} \t\r\n",
    "[[[[1]]]]",
    R"({"a":{"a":{"a":{}}},"a":1})",
    R"("\ud83d\ude00\u00e9\"\\\/\b\f\n\r\t")",
    "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    "\"\x7F\"",
    "123456789012345678901234567890",
    "[1e400,1E-400]",
};

BOOST_AUTO_TEST_CASE(refuses_with_offset_and_reason) {
    for (const auto& expected : refusals) {
        BOOST_TEST_CONTEXT(expected.text) {
            const auto fault = check(expected.text);
            BOOST_TEST_REQUIRE(fault.has_value());
            BOOST_TEST(fault->offset == expected.offset);
            BOOST_TEST(fault->reason == expected.reason);
        }
    }
}

BOOST_AUTO_TEST_CASE(accepts_what_the_rfc_allows) {
    for (const auto text : acceptances) BOOST_TEST_CONTEXT(text) {
            BOOST_TEST(!check(text).has_value());
        }
}

BOOST_AUTO_TEST_CASE(pieces_change_no_verdict) {
    json_check checker(depth, size);
    for (std::size_t piece = 1; piece < 8; ++piece) {
        for (const auto& expected : refusals) {
            BOOST_TEST_CONTEXT(expected.text << " in pieces of " << piece) {
                checker.reset();
                const auto fault = check(checker, expected.text, piece);
                BOOST_TEST_REQUIRE(fault.has_value());
                // In a word or a UTF-8 sequence, the first byte or the one that breaks it.
                BOOST_TEST(fault->offset >= expected.offset);
                BOOST_TEST(fault->offset <= expected.offset + 3);
                if (fault->offset == expected.offset) BOOST_TEST(fault->reason == expected.reason);
            }
        }
        for (const auto text : acceptances) {
            checker.reset();
            BOOST_TEST_CONTEXT(text) { BOOST_TEST(!check(checker, text, piece).has_value()); }
        }
    }
}

BOOST_AUTO_TEST_CASE(size_limit_is_exact) {
    json_check exact(depth, 5);
    BOOST_TEST(!check(exact, "[1,2]", 2).has_value());
    exact.reset();
    const auto fault = check(exact, "[1,2] ", 2);
    BOOST_TEST_REQUIRE(fault.has_value());
    BOOST_TEST(fault->offset == 5U);
    BOOST_TEST(fault->reason == "the document is longer than the limit of 5 bytes");
}

BOOST_AUTO_TEST_CASE(a_fault_is_final_until_reset) {
    json_check checker(depth, size);
    BOOST_TEST(checker.write("[1,]"sv).has_value());
    BOOST_TEST(checker.write("1]"sv).has_value());
    const auto again = checker.finish();
    BOOST_TEST_REQUIRE(again.has_value());
    BOOST_TEST(again->offset == 3U);
    checker.reset();
    BOOST_TEST(!check(checker, "[1]", 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_large_flat_document_needs_no_depth) {
    std::string text = "[";
    for (int i = 0; i < 1000; ++i) text += "{},";
    text += "1]";
    json_check checker(2, text.size());
    BOOST_TEST(!check(checker, text, 7).has_value());
}

BOOST_AUTO_TEST_CASE(text_is_a_sentence) {
    BOOST_TEST(check("[1,]")->text() ==
               "This is not the JSON that is taken here: at byte 3: expected a value, found ']'.");
}

}  // namespace
