#include "http/host.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(host)

BOOST_AUTO_TEST_CASE(accepts_hosts) {
    struct {
        std::string_view text, name;
        int port;  // -1: none
        bool is_ip_literal;
    } const rows[] = {
        {"localhost", "localhost", -1, false},
        {"localhost:", "localhost", -1, false},
        {"localhost:8080", "localhost", 8080, false},
        {"LocalHost:0", "LocalHost", 0, false},
        {"h:65535", "h", 65535, false},
        {"h:00080", "h", 80, false},
        {"example.org.", "example.org.", -1, false},
        {"example.org.:80", "example.org.", 80, false},
        {"a-b_c~d.e", "a-b_c~d.e", -1, false},
        {"127.0.0.1:80", "127.0.0.1", 80, false},
        {"[::1]", "[::1]", -1, true},
        {"[::1]:", "[::1]", -1, true},
        {"[::1]:443", "[::1]", 443, true},
        {"[2001:DB8::192.0.2.1]", "[2001:DB8::192.0.2.1]", -1, true},
        {"[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", -1, true},
    };
    for (const auto& row : rows) {
        const auto parts = parse_host(row.text);
        BOOST_TEST_REQUIRE(parts.has_value(), row.text);
        BOOST_TEST(parts->name == row.name);
        BOOST_TEST((parts->port ? *parts->port : -1) == row.port);
        BOOST_TEST(parts->is_ip_literal == row.is_ip_literal);
    }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_hosts) {
    const std::string long_label(64, 'a');
    std::string long_name;
    for (int i = 0; i < 26; ++i) long_name += "label.1234";
    const std::string_view rows[] = {
        "",
        ":80",
        "user@h",
        "u:p@h",
        "h/path",
        "h:abc",
        "h:80:80",
        "h:-80",
        "h:+80",
        "h: 80",
        "h:65536",
        "h:99999999999999999999",
        "[::xyz]",
        "h\\evil",
        "http://h",
        "l\xC3\xB6",
        "h\x7f",
        "h\0"sv,
        " h",
        "h ",
        "a b",
        "a,b",
        "h?q",
        "h#f",
        "h%41",
        "h*",
        "*.h",
        ".",
        ".h",
        "a..b",
        "h..",
        "[::1",
        "::1",
        "[]",
        "[::1]x",
        "[::1]80",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[v1.x]",
        "[1:2:3]",
        "[::1\0]"sv,
        "[:::1]",
        "[12345::]",
        "[::256.0.0.1]",
        "[127.0.0.1]",
        "[[::1]]",
        "h:80\n",
        "h\r\nX: y",
        "<script>",
        "(h)",
        "h;x",
        long_label,
        long_name,
    };
    for (const auto text : rows) BOOST_TEST(!parse_host(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(limits_labels_and_names_exactly) {
    const std::string label(63, 'a');
    BOOST_TEST(parse_host(label).has_value());
    const std::string name = label + "." + label + "." + label + "." + label;
    BOOST_TEST(name.size() == 255u);
    BOOST_TEST(parse_host(name).has_value());
    BOOST_TEST(!parse_host(name + ".").has_value());
}

BOOST_AUTO_TEST_CASE(loopback_always_counts) {
    const host_table list({"example.org"});
    for (const auto name :
         {"localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.localhost.", "127.0.0.1", "127.255.3.4",
          "127.0.0.1.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"}) {
        BOOST_TEST(list.allows(name), name);
        BOOST_TEST(is_loopback(name), name);
    }
    for (const auto name :
         {"localhost.evil", "xlocalhost", ".localhost", "127.evil", "127.0.0.1.evil", "127.1", "127.0.0.256",
          "1127.0.0.1", "0127.0.0.1", "[::2]", "[::ffff:128.0.0.1]", "[", "[]", ""})
        BOOST_TEST(!list.allows(name), name);
}

BOOST_AUTO_TEST_CASE(matches_patterns) {
    host_table list(
        {"Example.org", "*.Example.net.", "192.0.2.7:8080", "2001:db8::1", "[2001:db8::2]:80", "one.test."});
    for (const auto name : {"example.org", "EXAMPLE.ORG", "example.org.", "a.example.net", "a.b.example.net.",
                            "192.0.2.7", "[2001:db8::1]", "[2001:DB8:0::0:1]", "[2001:db8::2]", "one.test"})
        BOOST_TEST(list.allows(name), name);
    for (const auto name : {"example.org..", "a.example.org", "example.orgx", "xexample.org", "example.net",
                            "xexample.net", ".example.net", "192.0.2.70", "[2001:db8::3]", "evil"})
        BOOST_TEST(!list.allows(name), name);
    BOOST_TEST(!list.allows_everything());

    list.add("192.0.2.9");
    BOOST_TEST(list.allows("192.0.2.9"));
    list.add("*");
    BOOST_TEST(list.allows("evil"));
    BOOST_TEST(list.allows_everything());
}

BOOST_AUTO_TEST_CASE(refuses_patterns_that_are_no_hosts) {
    for (const auto pattern :
         {"", "*.", "**", "*x", "a.*.b", "http://h", "h/x", "*.[::1]", "user@h", "a b", "*.a/b"})
        BOOST_CHECK_THROW(host_table({pattern}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_most_specific_pattern_says_which_site) {
    host_table hosts({"www.example.org", "*.example.org"});
    hosts.add("shop.example.org", 1);
    hosts.add("*.deep.example.org", 2);
    hosts.add("192.0.2.7", 3);
    hosts.add("[2001:db8::7]", 4);
    hosts.add("127.0.0.2", 5);
    const struct {
        std::string_view name;
        std::optional<std::size_t> site;
    } rows[] = {
        {"www.example.org", 0},
        {"other.example.org", 0},
        {"SHOP.Example.org.", 1},
        {"a.shop.example.org", 0},
        {"a.deep.example.org", 2},
        {"b.a.deep.example.org", 2},
        {"deep.example.org", 0},
        {"192.0.2.7", 3},
        {"[2001:DB8:0::7]", 4},
        {"127.0.0.2", 5},
        {"127.0.0.3", 0},
        {"localhost", 0},
        {"[::1]", 0},
        {"example.org", std::nullopt},
        {"evil-example.org", std::nullopt},
        {"[2001:db8::8]", std::nullopt},
    };
    for (const auto& [name, site] : rows) BOOST_TEST_CONTEXT(name) BOOST_TEST((hosts.find(name) == site));
    hosts.add("*", 6);
    hosts.add("*", 7);
    BOOST_TEST((hosts.find("anything.net") == std::optional<std::size_t>(6)));
    BOOST_TEST((hosts.find("[2001:db8::8]") == std::optional<std::size_t>(6)));
    BOOST_TEST((hosts.find("localhost") == std::optional<std::size_t>(0)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
