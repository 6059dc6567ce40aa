// Rates, proxies and connections of one address.
#include "given.hpp"

#include "config/cross_checks.hpp"

namespace fairlead::config {
namespace {

const std::string at = "/etc/fairlead/site.json:";

BOOST_AUTO_TEST_SUITE(rates)

BOOST_AUTO_TEST_CASE(a_scope_that_says_anything_of_rates_has_its_own) {
    const auto all = given::must_load(R"({
  "rate": {"requests": "10/s", "burst": 20},
  "routes": {"/a": {"listing": true}, "/b": {"rate": {"by": "user"}}, "/c": {"rate": {"requests": ""}}},
  "sites": {"x.example": {"routes": {"/d": {"rate": {"bytes": "1m"}}}}, "y.example": {"rate": {"burst": 1}}}
})")
                         .values;
    BOOST_TEST(!all.site.routes[0].has_own_rate);
    BOOST_TEST(all.site.routes[0].delivery.rate.requests == "10/s");
    BOOST_TEST(all.site.routes[1].has_own_rate);
    BOOST_TEST(all.site.routes[1].delivery.rate.burst == 20u);
    BOOST_TEST((all.site.routes[1].delivery.rate.by == rate_by::user));
    BOOST_TEST(all.site.routes[2].has_own_rate);
    BOOST_TEST(all.site.routes[2].delivery.rate.requests.empty());
    BOOST_TEST(!all.sites[0].has_own_rate);
    BOOST_TEST(all.sites[0].routes[0].has_own_rate);
    BOOST_TEST(all.sites[0].routes[0].delivery.rate.bytes == 1u << 20);
    BOOST_TEST(all.sites[1].has_own_rate);
}

BOOST_AUTO_TEST_CASE(what_is_no_rate_is_refused_with_its_place) {
    const std::string expected = R"(expected a number and a time ("10/s") or "", found )";
    const struct {
        std::string_view value;
        std::string message;
    } rows[] = {
        {R"("10")",
         R"(the string "10"; "10" is no rate: write how many in which time, such as 10/s, 600/m, 5/h or )"
         R"(1/24h (1 to 1000000 in 1 s to 24 h))"},
        {R"("0/s")",
         R"(the string "0/s"; "0/s" is no rate: write how many in which time, such as 10/s, 600/m, 5/h or )"
         R"(1/24h (1 to 1000000 in 1 s to 24 h))"},
        {"10", "10"},
        {"null", "null"},
    };
    for (const auto& [value, message] : rows)
        given::must_refuse(R"({"rate": {"requests": )" + std::string(value) + "}}",
                           {at + "1:23: /rate/requests: " + expected + message});
    given::must_refuse(
        R"({"routes": {"/a": {"rate": {"by": "usr"}}}})",
        {at + R"(1:35: /routes/~1a/rate/by: expected "address" or "user", found the string "usr"; )" +
         R"(did you mean "user"?)"});
    given::must_refuse(
        R"({"rate": {"bytes": "-1"}})",
        {at + R"(1:20: /rate/bytes: expected a size from 0 to 1024g (bytes, or "8k", "1m", "2g"), )" +
         R"(found the string "-1")"});
}

BOOST_AUTO_TEST_CASE(a_bucket_that_does_not_fill_within_a_year_is_refused) {
    given::must_load(R"({"rate": {"requests": "1/24h", "burst": 365}})");
    given::must_refuse(
        R"({"rate": {"requests": "1/24h", "burst": 1000000}})",
        {at + "1:32: /rate/burst: at \"1/24h\" it would take more than a year until 1000000 requests are "
              "free again; lower it"});
    given::must_refuse(
        R"({"rate": {"requests": "1/24h"}, "routes": {"/a": {"rate": {"burst": 400}}}})",
        {at + "1:44: /routes/~1a/rate/burst: at \"1/24h\" it would take more than a year until 400 "
              "requests are free again; lower it"});
}

BOOST_AUTO_TEST_CASE(proxies_are_networks) {
    BOOST_TEST(given::must_load(R"({"trusted_proxies": ["10.0.0.0/8", "::1", "192.0.2.7"]})")
                   .values.trusted_proxies.size() == 3u);
    const std::string expected = "expected a list of strings, found the string ";
    given::must_refuse(
        R"({"trusted_proxies": ["10.0.0.1/8", "proxy.example.org"]})",
        {at + "1:22: /trusted_proxies/0: " + expected +
             R"("10.0.0.1/8"; "10.0.0.1/8" has bits set behind its length: write 10.0.0.0/8 or 10.0.0.1)",
         at + "1:36: /trusted_proxies/1: " + expected +
             R"("proxy.example.org"; "proxy.example.org" is no network: write one such as 10.0.0.0/8 )" +
             "or 2001:db8::/32, or an address alone"});
    given::must_refuse(
        R"({"proxy_field": "x-real-ip"})",
        {at + R"(1:17: /proxy_field: expected "auto", "forwarded" or "x-forwarded-for", found the )" +
         R"(string "x-real-ip")"});
}

BOOST_AUTO_TEST_CASE(to_trust_everybody_is_a_warning) {
    settings all;
    all.trusted_proxies = {"10.0.0.0/8"};
    BOOST_TEST(find_risks(all).empty());
    all.trusted_proxies = {"10.0.0.0/8", "0.0.0.0/0", "::/0"};
    const auto risks = find_risks(all);
    BOOST_TEST_REQUIRE(risks.size() == 2u);
    BOOST_TEST(risks[0].starts_with("trusted_proxies: \"0.0.0.0/0\" is everybody"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::config
