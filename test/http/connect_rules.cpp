#include "http/connect_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

connect_rules rules_of(const std::vector<std::string_view>& entries) {
    connect_rules rules;
    for (const auto entry : entries) BOOST_TEST(!rules.add(entry).has_value(), entry);
    return rules;
}

connect_target target(std::string_view text) {
    const auto where = parse_connect_target(text);
    BOOST_TEST_REQUIRE(where.has_value(), text);
    return *where;
}

ip_address at(std::string_view text) { return ip_address::parse(text).value(); }

BOOST_AUTO_TEST_SUITE(connect_rule)

BOOST_AUTO_TEST_CASE(targets_are_read_in_one_form_only) {
    const struct {
        std::string_view text, canonical;
    } rows[] = {
        {"example.org:443", "example.org:443"},
        {"EXAMPLE.Org.:0443", "example.org:443"},
        {"xn--bcher-kva.example:1", "xn--bcher-kva.example:1"},
        {"a:65535", "a:65535"},
        {"192.0.2.7:22", "192.0.2.7:22"},
        {"[2001:DB8::1]:443", "[2001:db8::1]:443"},
        {"[::ffff:127.0.0.1]:22", "127.0.0.1:22"},  // the same address by another name
        {"[::127.0.0.1]:22", "[::127.0.0.1]:22"},
        {"1.example:80", "1.example:80"},
        {"0x7f.example:80", "0x7f.example:80"},
        {"0x7g:80", "0x7g:80"},
    };
    for (const auto& row : rows) {
        const auto where = parse_connect_target(row.text);
        BOOST_TEST_REQUIRE(where.has_value(), row.text);
        if (row.text != "[::127.0.0.1]:22"sv) BOOST_TEST(where->to_string() == row.canonical, row.text);
        BOOST_TEST(where->name.empty() == where->address.has_value());
    }
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_a_host_is_no_target) {
    for (const auto text : {""sv,
                            "example.org"sv,
                            "example.org:"sv,
                            ":443"sv,
                            "example.org:0"sv,
                            "example.org:65536"sv,
                            "example.org:99999999999999999999"sv,
                            "example.org:-1"sv,
                            "example.org:+443"sv,
                            "example.org: 443"sv,
                            "example.org:443 "sv,
                            "example.org:443:443"sv,
                            "user@example.org:443"sv,
                            "user:pw@example.org:443"sv,
                            "http://example.org:443"sv,
                            "example.org:443/"sv,
                            "example.org:443?q"sv,
                            "exa mple.org:443"sv,
                            "example..org:443"sv,
                            ".example.org:443"sv,
                            "ex%61mple.org:443"sv,
                            "b\xc3\xbc"
                            "cher.example:443"sv,
                            "::1:443"sv,
                            "[::1]"sv,
                            "[::1]:"sv,
                            "[::1"sv,
                            "[::1]443"sv,
                            "[fe80::1%eth0]:22"sv,
                            "[fe80::1%25eth0]:22"sv,
                            "[v1.fe80::1]:22"sv,
                            "[127.0.0.1]:22"sv,
                            "example.org\0:443"sv,
                            "127.0.0.1:443\r\nX: y"sv}) {
        const auto where = parse_connect_target(text);
        BOOST_TEST_REQUIRE(!where.has_value(), text);
        BOOST_TEST(static_cast<unsigned>(where.error().status) == 400u);
        BOOST_TEST(where.error().close);
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_a_resolver_would_take_for_addresses_are_reported) {
    for (const auto text :
         {"2130706433:22"sv, "017700000001:22"sv, "0x7f000001:22"sv, "0X7F000001:22"sv, "127.1:22"sv,
          "127.0.1:22"sv, "0177.0.0.1:22"sv, "0x7f.0.0.1:22"sv, "0x7f.0x0.0x0.0x1:22"sv, "127.0.0.01:22"sv,
          "127.0.0.256:22"sv, "1.2.3.4.5:22"sv, "127.0.0.1.:22"sv, "0:22"sv, "0x:22"sv, "example.127:22"sv,
          "example.0x1.:22"sv, "4294967295:22"sv}) {
        const auto where = parse_connect_target(text);
        BOOST_TEST_REQUIRE(!where.has_value(), text);
        BOOST_TEST(static_cast<unsigned>(where.error().status) == 400u);
        BOOST_TEST((where.error().event == security_event::tunnel), text);
    }
}

BOOST_AUTO_TEST_CASE(only_what_is_listed_is_allowed) {
    const auto rules = rules_of({"example.org", "*.example.net:443,8000-8099", "DB.Internal.:5432",
                                 "192.0.2.7:22", "[2001:db8::1]:443", "[::ffff:192.0.2.8]:22"});
    const struct {
        std::string_view target;
        bool allowed;
    } rows[] = {
        {"example.org:443", true},        {"EXAMPLE.ORG.:443", true},
        {"example.org:80", false},        {"www.example.org:443", false},
        {"notexample.org:443", false},    {"example.org.evil.test:443", false},
        {"www.example.net:443", true},    {"a.b.example.net:8000", true},
        {"a.b.example.net:8099", true},   {"a.b.example.net:8100", false},
        {"a.b.example.net:7999", false},  {"example.net:443", false},
        {"notexample.net:443", false},    {"www.example.net.evil.test:443", false},
        {"db.internal:5432", true},       {"db.internal:5433", false},
        {"192.0.2.7:22", true},           {"[::ffff:192.0.2.7]:22", true},
        {"192.0.2.8:22", true},           {"192.0.2.9:22", false},
        {"[2001:0db8:0:0::1]:443", true}, {"[2001:db8::2]:443", false},
    };
    for (const auto& row : rows) BOOST_TEST(rules.allows(target(row.target)) == row.allowed, row.target);
    BOOST_TEST(!connect_rules().allows(target("example.org:443")));
}

BOOST_AUTO_TEST_CASE(a_wildcard_allows_no_address_but_everything_does) {
    const auto suffix = rules_of({"*.org:1-65535"});
    const auto everything = rules_of({"*:443"});
    const auto address = target("192.0.2.7:443");
    BOOST_TEST(!suffix.allows(address));
    BOOST_TEST(everything.allows(address));
    BOOST_TEST(everything.allows(target("example.org:443")));
    BOOST_TEST(!everything.allows(target("example.org:444")));
}

BOOST_AUTO_TEST_CASE(entries_that_can_never_match_are_refused) {
    for (const auto entry : {""sv,
                             ":443"sv,
                             "example.org:"sv,
                             "example.org:0"sv,
                             "example.org:65536"sv,
                             "example.org:99-1"sv,
                             "example.org:1-"sv,
                             "example.org:-1"sv,
                             "example.org:443,"sv,
                             "example.org:*"sv,
                             "*example.org:443"sv,
                             "*.*.org:443"sv,
                             "*.:443"sv,
                             "**:443"sv,
                             "http://example.org:443"sv,
                             "example.org/x"sv,
                             "user@example.org:443"sv,
                             "b\xc3\xbc"
                             "cher.example:443"sv,
                             "127.1:22"sv,
                             "2130706433:22"sv,
                             "*.127.0.0.1:22"sv,
                             "::1:22"sv,
                             "*.[::1]:22"sv,
                             "[::1"sv,
                             "[127.0.0.1]:22x"sv,
                             "10.0.0.0/8:22"sv}) {
        connect_rules rules;
        BOOST_TEST(rules.add(entry).has_value(), entry);
        BOOST_TEST(rules.empty());
    }
}

BOOST_AUTO_TEST_CASE(networks_open_what_is_special_and_no_more) {
    const std::vector<ip_address> own{at("198.41.0.4"), at("2a00::5")};
    const connect_networks closed;
    const std::vector<std::string> listed{"127.0.0.0/8", "10.1.0.0/16", "fd00::/8", "64:ff9b::/96",
                                          "198.41.0.4"};
    const connect_networks open(*ip_networks::parse(listed));
    const struct {
        std::string_view address, closed, open;
    } rows[] = {
        {"8.8.8.8", "", ""},
        {"127.0.0.1", "loopback", ""},
        {"::ffff:127.0.0.1", "loopback", ""},
        {"::127.0.0.1", "IPv4-compatible", "IPv4-compatible"},
        {"::1", "loopback", "loopback"},
        {"10.1.2.3", "private", ""},
        {"10.2.0.1", "private", "private"},
        {"fd12::1", "unique local", ""},
        {"fc12::1", "unique local", "unique local"},
        {"64:ff9b::8.8.8.8", "NAT64", ""},
        {"64:ff9b::192.168.1.1", "private", "private"},
        {"64:ff9b::127.0.0.1", "loopback", ""},
        {"2002:0808:0808::1", "6to4", "6to4"},
        {"2002:7f00:1::", "loopback", "6to4"},
        {"198.41.0.4", "of this machine", ""},
        {"2a00::5", "of this machine", "of this machine"},
        {"64:ff9b::198.41.0.4", "of this machine", ""},
    };
    for (const auto& row : rows) {
        BOOST_TEST(closed.refuses(at(row.address), own) == row.closed, row.address);
        BOOST_TEST(open.refuses(at(row.address), own) == row.open, row.address);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
