#include "http/special_addresses.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

ip_address at(std::string_view text) { return ip_address::parse(text).value(); }

BOOST_AUTO_TEST_SUITE(special_addresses)

BOOST_AUTO_TEST_CASE(what_is_special_is_named_from_its_first_address_to_its_last) {
    const struct {
        std::string_view first, last, use;
    } rows[] = {
        {"0.0.0.0", "0.255.255.255", "this network"},
        {"10.0.0.0", "10.255.255.255", "private"},
        {"100.64.0.0", "100.127.255.255", "shared by a provider (100.64.0.0/10)"},
        {"127.0.0.0", "127.255.255.255", "loopback"},
        {"169.254.0.0", "169.254.255.255", "link-local"},
        {"172.16.0.0", "172.31.255.255", "private"},
        {"192.0.0.0", "192.0.0.255", "reserved for protocols"},
        {"192.0.2.0", "192.0.2.255", "documentation"},
        {"192.88.99.0", "192.88.99.255", "6to4 relay"},
        {"192.168.0.0", "192.168.255.255", "private"},
        {"198.18.0.0", "198.19.255.255", "benchmarking"},
        {"198.51.100.0", "198.51.100.255", "documentation"},
        {"203.0.113.0", "203.0.113.255", "documentation"},
        {"224.0.0.0", "239.255.255.255", "multicast"},
        {"240.0.0.0", "255.255.255.255", "reserved"},
        {"::", "::", "unspecified"},
        {"::1", "::1", "loopback"},
        {"::2", "::ffff:ffff", "IPv4-compatible"},
        {"::127.0.0.1", "::127.0.0.1", "IPv4-compatible"},
        {"::ffff:0:127.0.0.1", "::ffff:0:127.0.0.1", "not global"},  // IPv4-translated (SIIT)
        {"::fffe:127.0.0.1", "::fffe:127.0.0.1", "not global"},
        {"64:ff9b::", "64:ff9b::ffff:ffff", "NAT64"},
        {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64"},
        {"100::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not global"},
        {"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"},
        {"2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved for protocols"},
        {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
        {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"},
        {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
        {"4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not global"},
        {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local"},
        {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"},
        {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"},
        {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
        {"::ffff:127.0.0.1", "::ffff:127.255.255.255", "loopback"},
        {"::ffff:192.168.0.1", "::ffff:192.168.0.1", "private"},
    };
    for (const auto& row : rows) {
        BOOST_TEST(special_use(at(row.first)) == row.use, row.first);
        BOOST_TEST(special_use(at(row.last)) == row.use, row.last);
    }
}

BOOST_AUTO_TEST_CASE(what_lies_beside_is_not) {
    for (const std::string_view text :
         {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255", "100.128.0.0",
          "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",    "172.15.255.255",
          "172.32.0.0",      "191.255.255.255", "192.0.1.0",       "192.0.3.0",      "192.88.98.255",
          "192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",     "203.0.112.255",
          "203.0.114.0",     "223.255.255.255", "2000::",          "2001:200::",     "2001:db7:ffff::",
          "2001:db9::",      "2003::",          "2606:4700::1111", "3ffe::",         "3fff:1000::"})
        BOOST_TEST(special_use(at(text)) == "", text);
}

BOOST_AUTO_TEST_CASE(translators_are_seen_through) {
    BOOST_TEST((translated_to(at("64:ff9b::127.0.0.1")) == at("127.0.0.1")));
    BOOST_TEST((translated_to(at("64:ff9b::8.8.8.8")) == at("8.8.8.8")));
    BOOST_TEST((translated_to(at("2002:7f00:1::")) == at("127.0.0.1")));
    BOOST_TEST((translated_to(at("2002:c0a8:101::5")) == at("192.168.1.1")));
    for (const std::string_view text :
         {"64:ff9b:0:0:0:1::", "64:ff9b:1::7f00:1", "2001::1", "::", "10.0.0.1"})
        BOOST_TEST(!translated_to(at(text)).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
