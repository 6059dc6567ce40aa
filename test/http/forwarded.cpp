#include "http/forwarded.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

BOOST_AUTO_TEST_SUITE(forwarded)

ip_address at(std::string_view text) { return ip_address::parse(text).value(); }

/// The lines of a head: name and value.
using lines = std::vector<std::pair<std::string_view, std::string_view>>;

proxy_rules rules_of(proxy_field which = proxy_field::automatic) {
    const std::string networks[] = {"10.0.0.0/8", "2001:db8:f::/48"};
    return {*ip_networks::parse(networks), which};
}

/// The client as text, "refused" when none is believed.
std::string client_of(const lines& given, proxy_field which = proxy_field::automatic) {
    std::vector<field_view> fields;
    for (const auto& [name, value] : given)
        fields.push_back({name == "Forwarded" ? field::forwarded : field::unknown, name, value});
    const auto client = client_behind(at("10.0.0.1"), rules_of(which), field_table(fields));
    return client ? client->to_string() : "refused";
}

BOOST_AUTO_TEST_CASE(reads_elements_of_forwarded) {
    const struct {
        std::string_view element, address;
    } rows[] = {
        {"for=192.0.2.7", "192.0.2.7"},
        {"For=192.0.2.7", "192.0.2.7"},
        {"FOR=\"192.0.2.7\"", "192.0.2.7"},
        {"for=\"192.0.2.7:4711\"", "192.0.2.7"},
        {"for=192.0.2.7:4711", "192.0.2.7"},
        {"for=\"192.0.2.7:_p-o.r_t\"", "192.0.2.7"},
        {"for=\"[2001:DB8::7]\"", "2001:db8::7"},
        {"for=\"[2001:db8::7]:4711\"", "2001:db8::7"},
        {"for=\"[::ffff:192.0.2.7]\"", "192.0.2.7"},
        {"for=192.0.2.7;proto=https;by=203.0.113.43", "192.0.2.7"},
        {"by=203.0.113.43; for=192.0.2.7 ;host=\"a;b=c\\\";for=9.9.9.9\"", "192.0.2.7"},
        {"host=\"x\\\\\";for=192.0.2.7", "192.0.2.7"},
        {";;for=192.0.2.7;", "192.0.2.7"},
        {"secret=_x;for=192.0.2.7", "192.0.2.7"},
    };
    for (const auto& row : rows) {
        const auto address = forwarded_address(row.element);
        BOOST_TEST_REQUIRE(address.has_value(), row.element);
        BOOST_TEST(address->to_string() == row.address);
    }
}

BOOST_AUTO_TEST_CASE(knows_elements_that_name_nobody) {
    for (const auto element : {"",
                               "for",
                               "for=",
                               "for=\"\"",
                               "for=unknown",
                               "for=_hidden",
                               "for=\"_hidden\"",
                               "proto=https",
                               "192.0.2.7",
                               "for=192.0.2.7;for=192.0.2.8",
                               "for=192.0.2.7;For=192.0.2.7",
                               "for=192.0.2.7;for",
                               "for=2001:db8::7",
                               "for=[192.0.2.7]",
                               "for=\"[2001:db8::7\"",
                               "for=\"2001:db8::7]\"",
                               "for=\"[2001:db8::7]x\"",
                               "for=\"[2001:db8::7]:\"",
                               "for=\"192.0.2.7:\"",
                               "for=\"192.0.2.7:65536\"",
                               "for=\"192.0.2.7:000080\"",
                               "for=\"192.0.2.7:+80\"",
                               "for=\"192.0.2.7:_\"",
                               "for=\"192.0.2.7:_a b\"",
                               "for=192.0.2.7\"",
                               "for=\"192.0.2.7",
                               "for=\"192.0.2\\.7\"",
                               "for= 192.0.2.7",
                               "for =192.0.2.7",
                               "for=192.0.2.7 x",
                               "for=192.0.2",
                               "for=0x7f.1",
                               "for=3232235521",
                               "for=\"[fe80::1%eth0]\"",
                               "for=localhost",
                               "for=[::1]:80:80",
                               "xfor=192.0.2.7",
                               "for=\"for=192.0.2.7\"",
                               "for=192.0.2.7,for=192.0.2.8"})
        BOOST_TEST(!forwarded_address(element).has_value(), element);
}

BOOST_AUTO_TEST_CASE(reads_elements_of_x_forwarded_for) {
    const struct {
        std::string_view element, address;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7"},         {"192.0.2.7:4711", "192.0.2.7"},
        {"2001:db8::7", "2001:db8::7"},     {"[2001:db8::7]", "2001:db8::7"},
        {"[2001:db8::7]:1", "2001:db8::7"}, {"::ffff:192.0.2.7", "192.0.2.7"},
    };
    for (const auto& row : rows) {
        const auto address = x_forwarded_address(row.element);
        BOOST_TEST_REQUIRE(address.has_value(), row.element);
        BOOST_TEST(address->to_string() == row.address);
    }
    for (const auto element : {"", "unknown", "\"192.0.2.7\"", "for=192.0.2.7", "192.0.2.7 192.0.2.8",
                               "192.0.2.7;", "192.0.2.7:x", "[192.0.2.7]", "[2001:db8::7", "2001:db8::7]",
                               "010.0.0.1", "192.0.2.7/32", "_hidden", "example.org"})
        BOOST_TEST(!x_forwarded_address(element).has_value(), element);
}

BOOST_AUTO_TEST_CASE(the_first_from_the_right_that_is_not_trusted_is_the_client) {
    const struct {
        lines given;
        std::string_view client;
    } rows[] = {
        {{}, "10.0.0.1"},
        {{{"X-Forwarded-For", "192.0.2.7"}}, "192.0.2.7"},
        {{{"x-forwarded-for", "192.0.2.7"}}, "192.0.2.7"},
        {{{"X-Forwarded-For", "9.9.9.9, 192.0.2.7"}}, "192.0.2.7"},
        {{{"X-Forwarded-For", "9.9.9.9,192.0.2.7,10.1.1.1,10.2.2.2"}}, "192.0.2.7"},
        {{{"X-Forwarded-For", "9.9.9.9, 2001:db8:f::1"}}, "9.9.9.9"},
        {{{"X-Forwarded-For", "::ffff:10.9.9.9, ::ffff:10.0.0.2"}}, "10.9.9.9"},
        // All are trusted: the leftmost.
        {{{"X-Forwarded-For", "10.3.3.3, 10.2.2.2"}}, "10.3.3.3"},
        // Several lines are one list.
        {{{"X-Forwarded-For", "9.9.9.9"}, {"X-Forwarded-For", "192.0.2.7"}}, "192.0.2.7"},
        {{{"X-Forwarded-For", "192.0.2.7"}, {"Via", "x"}, {"X-Forwarded-For", "10.2.2.2"}}, "192.0.2.7"},
        {{{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-For", ""}}, "192.0.2.7"},
        {{{"X-Forwarded-For", " , ,192.0.2.7,, "}}, "192.0.2.7"},
        // What is no address ends the walk.
        {{{"X-Forwarded-For", "192.0.2.7, unknown"}}, "10.0.0.1"},
        {{{"X-Forwarded-For", "192.0.2.7, unknown, 10.2.2.2"}}, "10.2.2.2"},
        {{{"X-Forwarded-For", "192.0.2.7, \x80\xff, 10.2.2.2"}}, "10.2.2.2"},
        {{{"X-Forwarded-For", ","}}, "10.0.0.1"},
        {{{"Forwarded", "for=192.0.2.7"}}, "192.0.2.7"},
        {{{"Forwarded", "for=9.9.9.9, for=\"[2001:db8::7]:99\";proto=http, for=10.2.2.2"}}, "2001:db8::7"},
        {{{"Forwarded", "for=192.0.2.7"}, {"Forwarded", "for=_x"}}, "10.0.0.1"},
        {{{"Forwarded", "for=192.0.2.7, for=_gateway, for=10.2.2.2"}}, "10.2.2.2"},
        {{{"Forwarded", "proto=https"}}, "10.0.0.1"},
        {{{"X-Real-IP", "192.0.2.7"}, {"X-Forwarded", "192.0.2.7"}, {"Client-IP", "192.0.2.7"}}, "10.0.0.1"},
    };
    for (const auto& row : rows)
        BOOST_TEST(client_of(row.given) == row.client,
                   (row.given.empty() ? std::string_view("nothing") : row.given.front().second));
}

// A client writes what it likes; the proxy adds its element behind a comma.
BOOST_AUTO_TEST_CASE(nothing_that_a_client_writes_hides_what_the_proxy_adds) {
    for (const auto forged :
         {"for=\"", "for=9.9.9.9;by=\"", "\"", "\\", "for=\"9.9.9.9\\", "\"\"\"", "for=9.9.9.9;x=\"a,b",
          "for=\"[", ",", ";", "=", "for=9.9.9.9, \"", "for=10.9.9.9;by=\"\\\"", "for=9.9.9.9;by=\", for="}) {
        const auto text = std::string(forged);
        BOOST_TEST(client_of({{"Forwarded", text + ", for=192.0.2.7"}}) == "192.0.2.7", text);
        BOOST_TEST(client_of({{"Forwarded", text + ", for=\"[2001:db8::7]:80\";by=\"[2001:db8::1]\""}}) ==
                       "2001:db8::7",
                   text);
        BOOST_TEST(client_of({{"Forwarded", text}, {"Forwarded", "for=192.0.2.7"}}) == "192.0.2.7", text);
        BOOST_TEST(client_of({{"X-Forwarded-For", text + ", 192.0.2.7"}}) == "192.0.2.7", text);
    }
    // The proxy repeats a Host that its client has chosen, quoted as RFC 7239 wants it.
    BOOST_TEST(client_of({{"Forwarded", "for=192.0.2.7;host=\"x, for=9.9.9.9;x=\""}}) == "192.0.2.7");
    BOOST_TEST(client_of({{"Forwarded", "for=192.0.2.7;host=\"x\\\", for=9.9.9.9;x=\\\"\""}}) == "192.0.2.7");
}

BOOST_AUTO_TEST_CASE(two_fields_have_to_agree) {
    const lines same{{"Forwarded", "for=192.0.2.7"}, {"X-Forwarded-For", "9.9.9.9, 192.0.2.7"}};
    const lines other{{"Forwarded", "for=192.0.2.7"}, {"X-Forwarded-For", "192.0.2.8"}};
    const lines empty{{"Forwarded", "for=192.0.2.7"}, {"X-Forwarded-For", ""}};
    BOOST_TEST(client_of(same) == "192.0.2.7");
    BOOST_TEST(client_of(other) == "refused");
    BOOST_TEST(client_of(empty) == "refused");
    BOOST_TEST(client_of(other, proxy_field::forwarded) == "192.0.2.7");
    BOOST_TEST(client_of(other, proxy_field::x_forwarded_for) == "192.0.2.8");
    BOOST_TEST(client_of({{"X-Forwarded-For", "192.0.2.8"}}, proxy_field::forwarded) == "10.0.0.1");
    BOOST_TEST(client_of({{"Forwarded", "for=192.0.2.8"}}, proxy_field::x_forwarded_for) == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(takes_long_fields) {
    std::string many;
    while (many.size() < 64 * 1024) many += "9.9.9.9, ";
    BOOST_TEST(client_of({{"X-Forwarded-For", many + "192.0.2.7"}}) == "192.0.2.7");
    std::string trusted;
    while (trusted.size() < 64 * 1024) trusted += ", 10.2.2.2";
    BOOST_TEST(client_of({{"X-Forwarded-For", "192.0.2.7" + trusted}}) == "192.0.2.7");
    for (const char filler : {'"', '\\', ',', ';', 'x'}) {
        const std::string text(64 * 1024, filler);
        BOOST_TEST(client_of({{"Forwarded", text + ", for=192.0.2.7"}}) == "192.0.2.7", filler);
        BOOST_TEST(client_of({{"Forwarded", text}}) == "10.0.0.1", filler);
    }
    std::string escapes;
    while (escapes.size() < 64 * 1024) escapes += "\\\"";
    BOOST_TEST(client_of({{"Forwarded", "\"" + escapes + "\""}}) == "10.0.0.1");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
