#include "hash_password.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace fairlead;
using namespace fairlead::app;

namespace {

BOOST_AUTO_TEST_SUITE(hash_password_suite)

BOOST_AUTO_TEST_CASE(passwords_that_nobody_could_use_are_refused) {
    const struct {
        hash_scheme scheme;
        std::string password;
        std::string_view sentence;  // empty: taken
    } rows[] = {
        {hash_scheme::yescrypt, "", "is empty"},
        {hash_scheme::yescrypt, "a", ""},
        {hash_scheme::yescrypt, "a:b c\xC3\xA9", ""},
        {hash_scheme::yescrypt, std::string(511, 'a'), ""},
        {hash_scheme::yescrypt, std::string(512, 'a'), "more than 511 bytes; choose a shorter one"},
        {hash_scheme::sha512, std::string(512, 'a'), "more than 511 bytes"},
        {hash_scheme::bcrypt, std::string(72, 'a'), ""},
        {hash_scheme::bcrypt, std::string(73, 'a'),
         "more than 72 bytes, and bcrypt does not look at the rest"},
        {hash_scheme::yescrypt, "a\tb", "control characters"},
        {hash_scheme::yescrypt, "a\r", "control characters"},
        {hash_scheme::yescrypt, std::string("a\0b", 3), "control characters"},
        {hash_scheme::yescrypt, "a\xC2\x85", "control characters"},
        {hash_scheme::yescrypt, "a\xFF", "not UTF-8"},
    };
    for (const auto& [scheme, password, sentence] : rows) BOOST_TEST_CONTEXT(password) {
            const auto fault = fault_of_password(scheme, password);
            BOOST_TEST(fault.has_value() == !sentence.empty());
            if (!fault) continue;
            BOOST_TEST((fault->find(sentence) != std::string::npos));
            BOOST_TEST((password.size() < 3 || fault->find(password) == std::string::npos));
        }
}

BOOST_AUTO_TEST_CASE(one_line_is_a_password) {
    for (const auto* text : {"secret", "secret\n", "secret\r\n"})
        BOOST_TEST((only_line(text) == "secret"), text);
    BOOST_TEST((only_line("") == ""));
    BOOST_TEST((only_line("\n") == ""));
    BOOST_TEST((only_line(" a b \n") == " a b "));
    for (const auto* text : {"a\nb", "a\nb\n", "a\n\n", "\na"}) BOOST_TEST(!only_line(text), text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
