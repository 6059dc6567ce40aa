#include "http/conditional.hpp"

#include "fields.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

constexpr auto im = field::if_match;
constexpr auto inm = field::if_none_match;
constexpr auto ims = field::if_modified_since;
constexpr auto ius = field::if_unmodified_since;
constexpr auto ir = field::if_range;

constexpr unix_seconds now = 1767225600;
constexpr std::string_view before = "Mon, 01 Jan 2024 00:00:00 GMT";
constexpr std::string_view exact = "Tue, 02 Jan 2024 03:04:05 GMT";
constexpr std::string_view later = "Wed, 03 Jan 2024 00:00:00 GMT";
constexpr unix_seconds modified = 1704164645;
const validators strong{"\"abc\"", modified, true};
const validators weak{"W/\"abc\"", modified, true};
const validators missing{"", std::nullopt, false};

enum class answer { ok, same, failed };
answer ask(const test_fields& fields, verb method = verb::get, const validators& current = strong) {
    switch (evaluate(method, fields.table(), current, now)) {
        case precondition::proceed: return answer::ok;
        case precondition::not_modified: return answer::same;
        case precondition::precondition_failed: break;
    }
    return answer::failed;
}

BOOST_AUTO_TEST_SUITE(conditional)

BOOST_AUTO_TEST_CASE(parses_entity_tags) {
    for (const auto text : {"\"\"", "\"a\"", "W/\"a\"", "\"a,b\"", "\"a\\b\"", "\"\xFF!~\""})
        BOOST_TEST(parse_entity_tag(text).has_value(), text);
    for (const auto text : {"", "a", "\"", "W/", "w/\"a\"", "W/ \"a\"", "\"a", "a\"", "\"a\"b\"", "\"a b\"",
                            "\"\x7f\"", "\"a\" ", " \"a\"", "W/W/\"a\"", "\"\"abc\"\""})
        BOOST_TEST(!parse_entity_tag(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(compares_entity_tags) {
    // The table of RFC 9110 section 8.8.3.2.
    struct {
        std::string_view a, b;
        bool is_strong, is_weak;
    } const rows[] = {{"W/\"1\"", "W/\"1\"", false, true},
                      {"W/\"1\"", "W/\"2\"", false, false},
                      {"W/\"1\"", "\"1\"", false, true},
                      {"\"1\"", "\"1\"", true, true}};
    for (const auto& row : rows) {
        const auto a = *parse_entity_tag(row.a);
        const auto b = *parse_entity_tag(row.b);
        BOOST_TEST(strong_match(a, b) == row.is_strong);
        BOOST_TEST(strong_match(b, a) == row.is_strong);
        BOOST_TEST(weak_match(a, b) == row.is_weak);
    }
}

BOOST_AUTO_TEST_CASE(evaluates_in_order) {
    struct {
        test_fields fields;
        answer expected;
    } const rows[] = {
        {{}, answer::ok},
        {{{inm, "\"abc\""}}, answer::same},
        {{{inm, "W/\"abc\""}}, answer::same},
        {{{inm, "\"a\", \"abc\""}}, answer::same},
        {{{inm, ",, \"a\" , ,\"abc\","}}, answer::same},
        {{{inm, "\"a\""}, {inm, "\"abc\""}}, answer::same},
        {{{inm, "\"x,\\\", \"abc\""}}, answer::same},
        {{{inm, "*"}}, answer::same},
        {{{inm, "\"\"abc\"\""}}, answer::ok},
        {{{inm, "abc"}}, answer::ok},
        {{{inm, "\"ab\""}}, answer::ok},
        {{{inm, "\"abcd\""}}, answer::ok},
        {{{inm, "\"abc"}}, answer::ok},
        {{{inm, ""}}, answer::ok},
        {{{inm, ",,,,"}}, answer::ok},
        {{{inm, "\"nope\""}, {ims, exact}}, answer::ok},
        {{{inm, "junk"}, {ims, exact}}, answer::ok},
        {{{inm, "\"abc\""}, {ims, before}}, answer::same},
        {{{ims, exact}}, answer::same},
        {{{ims, later}}, answer::same},
        {{{ims, "Thu, 01 Jan 2099 00:00:00 GMT"}}, answer::same},
        {{{ims, "Tuesday, 02-Jan-24 03:04:05 GMT"}}, answer::same},
        {{{ims, "Tue Jan  2 03:04:05 2024"}}, answer::same},
        {{{ims, before}}, answer::ok},
        {{{ims, "not-a-date"}}, answer::ok},
        {{{ims, "4102444800"}}, answer::ok},
        {{{ims, exact}, {ims, exact}}, answer::ok},
        {{{im, "\"abc\""}}, answer::ok},
        {{{im, "\"x\", \"abc\""}}, answer::ok},
        {{{im, "\"x\""}, {im, "\"abc\""}}, answer::ok},
        {{{im, "*"}}, answer::ok},
        {{{im, "W/\"abc\""}}, answer::failed},
        {{{im, "\"nope\""}}, answer::failed},
        {{{im, "junk"}}, answer::failed},
        {{{im, ""}}, answer::failed},
        {{{im, "\"abc\""}, {inm, "\"abc\""}}, answer::same},
        {{{im, "\"nope\""}, {inm, "\"abc\""}}, answer::failed},
        {{{im, "\"abc\""}, {ius, before}}, answer::ok},
        {{{ius, before}}, answer::failed},
        {{{ius, exact}}, answer::ok},
        {{{ius, later}}, answer::ok},
        {{{ius, "not-a-date"}}, answer::ok},
        {{{ius, before}, {inm, "\"abc\""}}, answer::failed},
        {{{ius, later}, {inm, "\"abc\""}}, answer::same},
    };
    int number = 0;
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT("row " << number++) {
            BOOST_TEST((ask(row.fields) == row.expected));
            BOOST_TEST((ask(row.fields, verb::head) == row.expected));
            BOOST_TEST((ask(row.fields, verb::options) == answer::ok));
        }
    }
}

BOOST_AUTO_TEST_CASE(methods_that_write_fail_in_place_of_304) {
    for (const auto method : {verb::put, verb::post, verb::delete_}) {
        BOOST_TEST((ask({{inm, "*"}}, method) == answer::failed));
        BOOST_TEST((ask({{inm, "\"abc\""}}, method) == answer::failed));
        BOOST_TEST((ask({{inm, "\"other\""}}, method) == answer::ok));
        BOOST_TEST((ask({{ims, exact}}, method) == answer::ok));
        BOOST_TEST((ask({{ius, before}}, method) == answer::failed));
    }
}

BOOST_AUTO_TEST_CASE(what_does_not_exist_matches_nothing) {
    BOOST_TEST((ask({{inm, "*"}}, verb::put, missing) == answer::ok));
    BOOST_TEST((ask({{im, "*"}}, verb::put, missing) == answer::failed));
    BOOST_TEST((ask({{im, "\"abc\""}}, verb::put, missing) == answer::failed));
    BOOST_TEST((ask({{ius, before}}, verb::put, missing) == answer::ok));
}

BOOST_AUTO_TEST_CASE(weak_tags_revalidate_but_never_guard) {
    BOOST_TEST((ask({{inm, "\"abc\""}}, verb::get, weak) == answer::same));
    BOOST_TEST((ask({{im, "\"abc\""}}, verb::get, weak) == answer::failed));
    BOOST_TEST((ask({{im, "W/\"abc\""}}, verb::get, weak) == answer::failed));
}

BOOST_AUTO_TEST_CASE(if_range_needs_a_strong_validator) {
    struct {
        test_fields fields;
        bool applies;
    } const rows[] = {
        {{}, true},
        {{{ir, "\"abc\""}}, true},
        {{{ir, "W/\"abc\""}}, false},
        {{{ir, "\"other\""}}, false},
        {{{ir, "\"other\", \"abc\""}}, false},
        {{{ir, "*"}}, false},
        {{{ir, ""}}, false},
        {{{ir, exact}}, true},
        {{{ir, "Tuesday, 02-Jan-24 03:04:05 GMT"}}, true},
        {{{ir, before}}, false},
        {{{ir, later}}, false},
        {{{ir, "junk"}}, false},
        {{{ir, "\"abc\""}, {ir, "\"abc\""}}, false},
    };
    for (const auto& row : rows) BOOST_TEST(range_applies(row.fields.table(), strong, now) == row.applies);
    const test_fields tag{{ir, "\"abc\""}};
    BOOST_TEST(!range_applies(tag.table(), weak, now));
    const test_fields date{{ir, exact}};
    BOOST_TEST(!range_applies(date.table(), strong, modified + 1));
    BOOST_TEST(range_applies(date.table(), strong, modified + 2));
    BOOST_TEST(!range_applies(date.table(), missing, now));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
