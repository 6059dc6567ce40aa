#include "http/credentials.hpp"

#include "http/fields.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(credentials_suite)

BOOST_AUTO_TEST_CASE(tokens_are_found) {
    const struct {
        std::string_view value, token;
    } rows[] = {
        {"Basic YTpi", "YTpi"}, {"basic YTpi", "YTpi"}, {"BASIC   YTpi", "YTpi"},
        {"Basic ", ""},         {"Basic", ""},
    };
    for (const auto& [value, token] : rows) {
        const std::vector<field_view> lines{{field::authorization, "Authorization", value}};
        const auto found = find_basic_token(field_table(lines), field::authorization);
        BOOST_TEST_CONTEXT(value) BOOST_TEST((found && *found && **found == token));
    }
    for (const auto* other : {"", "Bearer YTpi", "Basically YTpi", "Bas", "Digest username=\"a\""}) {
        const std::vector<field_view> lines{{field::authorization, "Authorization", other}};
        const auto found = find_basic_token(field_table(lines), field::authorization);
        BOOST_TEST_CONTEXT(other) BOOST_TEST((found && !*found));
    }
    BOOST_TEST(!*find_basic_token(field_table(), field::authorization));
}

BOOST_AUTO_TEST_CASE(a_repeated_field_is_refused) {
    for (const auto* second : {"Basic YTpi", "Bearer x", ""}) {
        const std::vector<field_view> lines{{field::authorization, "Authorization", "Basic YTpi"},
                                            {field::authorization, "authorization", second}};
        const auto found = find_basic_token(field_table(lines), field::authorization);
        BOOST_TEST_REQUIRE(!found.has_value());
        BOOST_TEST((found.error().status == status::bad_request));
    }
}

BOOST_AUTO_TEST_CASE(each_field_is_for_itself) {
    BOOST_TEST((credentials_field(verb::connect) == field::proxy_authorization));
    for (const auto method : {verb::get, verb::options, verb::put, verb::unknown})
        BOOST_TEST((credentials_field(method) == field::authorization));
    const std::vector<field_view> both{{field::authorization, "Authorization", "Basic YTpi"},
                                       {field::proxy_authorization, "Proxy-Authorization", "Basic YTpj"}};
    BOOST_TEST((**find_basic_token(field_table(both), field::authorization) == "YTpi"));
    BOOST_TEST((**find_basic_token(field_table(both), field::proxy_authorization) == "YTpj"));
    const std::vector<field_view> one{both[0]};
    BOOST_TEST(!*find_basic_token(field_table(one), field::proxy_authorization));
    const std::vector<field_view> twice{both[1], both[1]};
    const auto found = find_basic_token(field_table(twice), field::proxy_authorization);
    BOOST_TEST_REQUIRE(!found.has_value());
    BOOST_TEST(found.error().detail.starts_with("Proxy-Authorization "));
    BOOST_TEST(!*find_basic_token(field_table(twice), field::authorization));
}

BOOST_AUTO_TEST_CASE(length_alone_refuses) {
    for (const auto size : {max_basic_token, max_basic_token + 1, std::size_t{65'536}}) {
        const auto value = "Basic " + std::string(size, '!');
        const std::vector<field_view> lines{{field::authorization, "Authorization", value}};
        const auto found = find_basic_token(field_table(lines), field::authorization);
        BOOST_TEST(found.has_value() == (size == max_basic_token), size);
        if (!found) BOOST_TEST((found.error().status == status::request_header_fields_too_large));
    }
    basic_credentials decoded;
    BOOST_TEST(decoded.decode(std::string(max_basic_token / 4, 'A').replace(0, 4, "YTpi") +
                              std::string(3 * max_basic_token / 4, 'Y')) == false);  // NULs
    BOOST_TEST(!decoded.decode("YTpi" + std::string(max_basic_token, 'Y')));
}

BOOST_AUTO_TEST_CASE(credentials_are_decoded) {
    const struct {
        std::string_view token, user, password;
    } rows[] = {
        {"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},  // RFC 7617 section 2
        {"dGVzdDoxMjPCow==", "test", "123\xC2\xA3"},                 // RFC 7617 section 2.1
        {"YTpi", "a", "b"},
        {"YTo=", "a", ""},
        {"YTo6Yjo=", "a", ":b:"},
        {"YTrwn5iA", "a", "\xF0\x9F\x98\x80"},
        {"YSBiOmM=", "a b", "c"},
    };
    for (const auto& [token, user, password] : rows) BOOST_TEST_CONTEXT(token) {
            basic_credentials decoded;
            BOOST_TEST_REQUIRE(decoded.decode(token));
            BOOST_TEST(decoded.user() == user);
            BOOST_TEST(decoded.password() == password);
            BOOST_TEST(decoded.password().data()[password.size()] == '\0');
        }
}

BOOST_AUTO_TEST_CASE(what_is_no_credentials_is_refused) {
    const struct {
        std::string_view token, why;
    } rows[] = {
        {"", "nothing"},
        {"YWI=", "no colon"},
        {"OmI=", "no name"},
        {"Og==", "a colon alone"},
        {"YTp", "no padding"},
        {"YTo", "no padding"},
        {"YTo==", "too much padding"},
        {"YTp=", "bits behind the last byte"},
        {"YTpiYR==", "bits behind the last byte"},
        {"YTpi YTpi", "a space"},
        {"YTp-", "the alphabet of URLs"},
        {"YTp_", "the alphabet of URLs"},
        {"YTpi=YTp", "padding inside"},
        {"YTpi====", "padding alone"},
        {"====", "padding alone"},
        {"YT=i", "padding inside"},
        {"YToA", "NUL"},
        {"YTpiCg==", "LF"},
        {"YTpiDQ==", "CR"},
        {"YQk6Yg==", "HTAB in the name"},
        {"YTp/", "DEL"},
        {"YTrChQ==", "U+0085"},
        {"YTr/", "no UTF-8"},
        {"YTrAgA==", "an overlong form"},
        {"YTrtoIA=", "a surrogate"},
    };
    for (const auto& [token, why] : rows) BOOST_TEST_CONTEXT(token << " " << why) {
            basic_credentials decoded;
            BOOST_TEST(decoded.decode("YTpi"));
            BOOST_TEST(!decoded.decode(token));
            BOOST_TEST(decoded.user().empty());
            BOOST_TEST(decoded.password().empty());
        }
}

BOOST_AUTO_TEST_CASE(a_token_of_the_greatest_length_fits) {
    std::string token = "YTpi";
    while (token.size() < max_basic_token) token += "YWFh";
    basic_credentials decoded;
    BOOST_TEST_REQUIRE(decoded.decode(token));
    BOOST_TEST(decoded.password().size() == max_basic_token / 4 * 3 - 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
