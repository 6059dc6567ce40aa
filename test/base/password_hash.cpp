#include "base/password_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>

using namespace fairlead;

namespace {

BOOST_AUTO_TEST_SUITE(password_hash_suite)

const std::string salt22 = std::string(21, 'a') + ".", hash31(31, 'b'), hash43(43, 'c'), hash86(86, 'd');

bool is_password_of(const std::string& password, const std::string& hash) {
    const auto match = match_password(password.c_str(), hash);
    BOOST_TEST((match != password_match::unknown));
    return match == password_match::right;
}

BOOST_AUTO_TEST_CASE(hashes_of_every_scheme_are_made_and_recognised) {
    for (const auto* word : {"yescrypt", "bcrypt", "sha512"}) BOOST_TEST_CONTEXT(word) {
            const auto scheme = hash_scheme_named(word);
            BOOST_TEST_REQUIRE(scheme.has_value());
            const auto hash = make_password_hash(*scheme, "s3cret\xC3\xA9");
            BOOST_TEST(fault_of_hash(hash).value_or("") == "");
            BOOST_TEST(is_password_of("s3cret\xC3\xA9", hash));
            BOOST_TEST(!is_password_of("s3cret", hash));
            BOOST_TEST(!is_password_of("", hash));
            BOOST_TEST(make_password_hash(*scheme, "s3cret\xC3\xA9") != hash);
        }
    BOOST_TEST(!hash_scheme_named("md5"));
    BOOST_TEST(!hash_scheme_named(""));
}

BOOST_AUTO_TEST_CASE(what_libcrypt_refuses_is_nobodys_password) {
    const auto hash = make_password_hash(hash_scheme::bcrypt, "a");
    BOOST_TEST(!is_password_of(std::string(max_password_bytes + 1, 'a'), hash));
    // Its answer to a bad setting must not be taken for a hash.
    for (const auto* bad : {"*0", "", "*1"})
        BOOST_TEST((match_password("a", bad) == password_match::unknown), bad);
}

// What has no fault is never refused by libcrypt: it would look as if there were no memory.
BOOST_AUTO_TEST_CASE(salts_of_yescrypt_stand_for_whole_bytes) {
    const struct {
        std::string salt;
        bool is_taken;
    } rows[] = {{"aaaa", true},
                {"a1", true},
                {"a2", false},
                {"aa", false},
                {"aaD", true},
                {"aaE", false},
                {"a", false},
                {"aaaaa", false},
                {salt22, true},
                {std::string(22, 'a'), false},
                {std::string(85, 'a') + "1", true},
                {std::string(85, 'a') + "2", false}};
    for (const auto& [salt, is_taken] : rows) {
        const auto hash = "$y$j75$" + salt + "$" + hash43;
        BOOST_TEST(!fault_of_hash(hash) == is_taken, salt);
        BOOST_TEST((match_password("a", hash) == password_match::wrong) == is_taken, salt);
    }
}

BOOST_AUTO_TEST_CASE(without_memory_nobody_knows) {
    const auto hash = make_password_hash(hash_scheme::yescrypt, "a");
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit before{};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
    // The hash takes 16 MiB.
    const rlimit tight{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (4 << 20), before.rlim_max};
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_AS, &tight) == 0);
    const auto right = match_password("a", hash), wrong = match_password("b", hash);
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
    BOOST_TEST((right == password_match::unknown));
    BOOST_TEST((wrong == password_match::unknown));
    BOOST_TEST((match_password("a", hash) == password_match::right));
}

BOOST_AUTO_TEST_CASE(complete_hashes_within_the_bounds_are_taken) {
    for (const auto& hash : {
             "$2y$05$" + salt22 + hash31,
             "$2b$14$" + salt22 + hash31,
             "$y$j9T$" + salt22 + "$" + hash43,
             "$y$j75$" + salt22 + "$" + hash43,
             "$y$jBT$" + salt22 + "$" + hash43,
             "$6$saltsalt$" + hash86,
             "$6$$" + hash86,
             "$6$rounds=1000$saltsalt$" + hash86,
             "$6$rounds=1000000$saltsalt$" + hash86,
         })
        BOOST_TEST(fault_of_hash(hash).value_or("") == "", hash);
}

BOOST_AUTO_TEST_CASE(others_are_refused_with_what_they_are) {
    const struct {
        std::string hash, why;
    } rows[] = {
        {"", "is empty"},
        {"secret", "is a plain password"},
        {"{PLAIN}secret", "plain password"},
        {"$apr1$x$abcdefghijklmnopqrstuv", "MD5 ($apr1$)"},
        {"$1$x$abcdefghijklmnopqrstuv", "MD5 ($1$)"},
        {"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "unsalted SHA-1"},
        {"{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "salted SHA-1"},
        {"rqXexS6ZhobKA", "DES"},
        {"$5$salt$" + hash43, "sha256-crypt"},
        {"$2a$10$" + salt22 + hash31, "old form"},
        {"$2x$10$" + salt22 + hash31, "broken form"},
        {"$7$CU..../....", "scrypt"},
        {"$gy$j9T$" + salt22 + "$" + hash43, "gost"},
        {"*", "plain password"},
        {"!", "plain password"},

        {"$2y$31$" + salt22 + hash31, "a cost of 31, at most 14"},
        {"$2y$15$" + salt22 + hash31, "a cost of 15, at most 14"},
        {"$2y$03$" + salt22 + hash31, "cut off"},
        {"$2y$5$" + salt22 + hash31, "cut off"},
        {"$2y$+5$" + salt22 + hash31, "cut off"},
        {"$2y$05$" + salt22, "cut off"},
        {"$2y$05$" + salt22 + hash31 + "x", "something behind its end"},
        {"$2y$05$" + salt22 + std::string(31, '='), "cut off"},
        {"$2y$", "cut off"},

        {"$y$j9:$" + salt22 + "$" + hash43, "cut off"},
        {"$y$:9T$" + salt22 + "$" + hash43, "cut off"},
        {"$6$rounds=1000001$s$" + hash86, "1000001 rounds, at most 1000000"},
        {"$6$rounds=999$s$" + hash86, "rounds from 1000"},
        {"$6$rounds=01000$s$" + hash86, "rounds from 1000"},
        {"$6$rounds=$s$" + hash86, "rounds from 1000"},
        {"$6$rounds=5000", "rounds from 1000"},
        {"$6$salt", "cut off"},
        {"$6$salt$", "cut off"},
        {"$6$saltsaltsaltsalts$" + hash86, "cut off"},
        {"$6$s$" + hash86.substr(1), "cut off"},

        {"$y$jCT$" + salt22 + "$" + hash43, "64 MiB"},
        {"$y$jFT$" + salt22 + "$" + hash43, "64 MiB"},
        {"$y$jj9$" + salt22 + "$" + hash43, "64 MiB"},
        {"$y$jzT$" + salt22 + "$" + hash43, "parameters"},
        {"$y$j9Tx$" + salt22 + "$" + hash43, "parameters"},
        {"$y$k9T$" + salt22 + "$" + hash43, "parameters"},
        {"$y$j9T$" + salt22, "cut off"},
        {"$y$j9T$$" + hash43, "cut off"},
        {"$y$j9T$" + salt22 + "$" + hash43 + "c", "cut off"},
    };
    for (const auto& [hash, why] : rows) BOOST_TEST_CONTEXT(hash) {
            const auto fault = fault_of_hash(hash);
            BOOST_TEST_REQUIRE(fault.has_value());
            BOOST_TEST_INFO(*fault);
            BOOST_TEST((fault->find(why) != std::string::npos));
        }
    // A password that stands there by mistake is not told again.
    BOOST_TEST((fault_of_hash("hunter2")->find("hunter2") == std::string::npos));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
