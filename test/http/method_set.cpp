#include "http/method_set.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using names = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(methods)

BOOST_AUTO_TEST_CASE(who_lists_get_takes_head) {
    const auto set = method_set::parse(names{"GET", "PUT"});
    BOOST_TEST_REQUIRE(set.has_value());
    BOOST_TEST(set->contains(verb::get));
    BOOST_TEST(set->contains(verb::head));
    BOOST_TEST(set->contains(verb::put));
    BOOST_TEST(!set->contains(verb::post));
    BOOST_TEST(!set->contains(verb::delete_));
    const auto head_alone = method_set::parse(names{"HEAD"});
    BOOST_TEST(!head_alone->contains(verb::get));
}

BOOST_AUTO_TEST_CASE(every_method_of_the_table_has_a_place_of_its_own) {
    for (unsigned n = 0; n <= static_cast<unsigned>(verb::unlink); ++n) {
        method_set set;
        set.add(static_cast<verb>(n));
        unsigned found = 0;
        for (unsigned other = 0; other <= static_cast<unsigned>(verb::unlink); ++other)
            found += set.contains(static_cast<verb>(other));
        BOOST_TEST(found == (static_cast<verb>(n) == verb::get ? 2u : 1u));
        BOOST_TEST(method_set::all().contains(static_cast<verb>(n)));
    }
}

BOOST_AUTO_TEST_CASE(sets_are_compared_and_taken_from_each_other) {
    const auto set = [](const names& given) { return *method_set::parse(given); };
    const struct {
        names one, other, left;
        bool overlap;
    } rows[] = {
        {{"GET", "PUT"}, {"PUT", "POST"}, {"GET"}, true},
        {{"GET"}, {"HEAD"}, {"GET"}, true},  // HEAD, which GET has
        {{"HEAD"}, {"GET"}, {}, true},
        {{"PUT"}, {"POST"}, {"PUT"}, false},
        {{}, {"POST"}, {}, false},
    };
    for (const auto& row : rows) {
        BOOST_TEST(set(row.one).overlaps(set(row.other)) == row.overlap);
        const auto left = set(row.one).without(set(row.other));
        BOOST_TEST(left.empty() == row.left.empty());
        for (const auto& name : row.left) BOOST_TEST(left.contains(boost::beast::http::string_to_verb(name)));
    }
    BOOST_TEST(method_set::all().without(set({"GET"})).contains(verb::unknown));
    BOOST_TEST(!method_set::all().without(set({"GET"})).contains(verb::head));
    BOOST_TEST(method_set::all().without(method_set::all()).empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_method_is_named) {
    const struct {
        names given;
        const char* error;
    } rows[] = {
        {{"GET", "put"}, "\"put\" is no method that this server knows"},
        {{""}, "\"\" is no method"},
        {{"GET "}, "\"GET \" is no method"},
        {{"BREW"}, "\"BREW\" is no method"},
        {{"TRACE"}, "TRACE shows to scripts what browsers hide"},
    };
    for (const auto& row : rows) {
        const auto set = method_set::parse(row.given);
        BOOST_TEST_REQUIRE(!set.has_value());
        BOOST_TEST(set.error().starts_with(row.error), set.error());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
