#include "files/user_table.hpp"

#include "base/password_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace fairlead;
using namespace fairlead::files;

namespace {

BOOST_AUTO_TEST_SUITE(user_table_suite)

const std::string good_hash = "$2y$05$" + std::string(53, 'a');

BOOST_AUTO_TEST_CASE(lines_are_read) {
    const auto users = user_table::parse("# those of the office\n\nann:" + good_hash +
                                         "\r\nbob:" + good_hash + ":left in May\nJ\xC3\xB6rg:" + good_hash);
    BOOST_TEST_REQUIRE(users.has_value());
    BOOST_TEST(users->size() == 3U);
    for (const auto* name : {"ann", "bob", "J\xC3\xB6rg"}) {
        BOOST_TEST_REQUIRE(users->find(name));
        BOOST_TEST(users->find(name)->hash == good_hash);
    }
    for (const auto* nobody : {"", "Ann", "an", "anna", "# those of the office"})
        BOOST_TEST(!users->find(nobody), nobody);
}

BOOST_AUTO_TEST_CASE(no_users_are_no_fault) {
    for (const auto* text : {"", "\n\n", "# nobody\n"}) {
        const auto users = user_table::parse(text);
        BOOST_TEST_REQUIRE(users.has_value());
        BOOST_TEST(users->size() == 0U);
        BOOST_TEST(!users->any(7));
    }
}

BOOST_AUTO_TEST_CASE(a_bad_line_is_named_with_what_to_do) {
    const struct {
        std::string text, sentence;
    } rows[] = {
        {"hunter2", "line 1: it is not NAME:HASH: make the line anew with \"fairlead hash-password"},
        {":" + good_hash, "line 1: a name is one word"},
        {"ann smith:" + good_hash, "line 1: a name is one word"},
        {" ann:" + good_hash, "line 1: a name is one word"},
        {"ann,bob:" + good_hash, "line 1: a name is one word"},
        {"\xEF\xBB\xBF\xFF:" + good_hash, "line 1: a name is one word"},
        {std::string(256, 'a') + ":" + good_hash, "line 1: a name is one word"},
        {"\nann:hunter2", "line 2: the hash is a plain password"},
        {"ann:", "line 1: the hash is empty: make the line anew"},
        {"ann:$apr1$x$y", "line 1: the hash is MD5"},
        {"ann:" + good_hash + " ", "line 1: the hash is cut off, or has something behind its end"},
        {"ann:$2y$31$" + std::string(53, 'a'), "a cost of 31, at most 14"},
        {"ann:" + good_hash + "\nbob:" + good_hash + "\nann:" + good_hash,
         "line 3: the user of this name stands in line 1 already"},
        {"a\nb\nc\nd\ne\nf\ng", "line 5: it is not NAME:HASH"},
        {"a\nb\nc\nd\ne\nf\ng", "; and 2 more lines"},
    };
    for (const auto& [text, sentence] : rows) BOOST_TEST_CONTEXT(text) {
            const auto users = user_table::parse(text);
            BOOST_TEST_REQUIRE(!users.has_value());
            BOOST_TEST_INFO(users.error());
            BOOST_TEST((users.error().find(sentence) != std::string::npos));
            BOOST_TEST((users.error().find("hunter2") == std::string::npos));
            BOOST_TEST((users.error().find("line 6") == std::string::npos));
        }
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_lines) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "user" + std::to_string(i) + ":" + good_hash + "\n";
    const auto users = user_table::parse(text);
    BOOST_TEST_REQUIRE(users.has_value());
    BOOST_TEST(users->size() == 100'000U);
    BOOST_TEST_REQUIRE(users->find("user99999"));
    BOOST_TEST(users->find("user99999")->name == "user99999");
    BOOST_TEST(!users->find("user100000"));
}

BOOST_AUTO_TEST_CASE(some_user_is_always_the_same_for_one_number) {
    std::string text;
    for (const auto* name : {"ann", "bob", "eve"}) text += name + (":" + good_hash) + "\n";
    const auto users = user_table::parse(text);
    std::set<std::string> seen;
    for (std::uint64_t i = 0; i < 30; ++i) {
        BOOST_TEST(users->any(i) == users->any(i));
        seen.insert(users->any(i)->name);
    }
    BOOST_TEST(seen.size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
