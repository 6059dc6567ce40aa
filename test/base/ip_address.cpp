#include "base/ip_address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <boost/test/unit_test.hpp>

#include <unordered_set>

namespace fairlead {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(ip_addresses)

ip_address at(std::string_view text) {
    const auto address = ip_address::parse(text);
    BOOST_TEST_REQUIRE(address.has_value(), text);
    return *address;
}

BOOST_AUTO_TEST_CASE(reads_and_writes_addresses) {
    struct {
        std::string_view text, written;
        bool is_v4;
    } const rows[] = {
        {"0.0.0.0", "0.0.0.0", true},
        {"127.0.0.1", "127.0.0.1", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"255.255.255.255", "255.255.255.255", true},
        {"::ffff:192.0.2.7", "192.0.2.7", true},
        {"::FFFF:c000:0207", "192.0.2.7", true},
        {"0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4", true},
        {"::", "::", false},
        {"::1", "::1", false},
        {"2001:DB8:0:0:0::1", "2001:db8::1", false},
        {"2001:db8::192.0.2.1", "2001:db8::c000:201", false},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", false},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"::fffe:1.2.3.4", "::fffe:102:304", false},
    };
    for (const auto& row : rows) {
        const auto address = at(row.text);
        BOOST_TEST(address.to_string() == row.written);
        BOOST_TEST(address.is_v4() == row.is_v4, row.text);
        BOOST_TEST((at(address.to_string()) == address), row.text);
        std::array<char, ip_address::max_text> text;
        const auto written = address.write_to(text);
        BOOST_TEST(written == row.written);
        BOOST_TEST(text[written.size()] == '\0');
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_address) {
    for (const auto text : {""sv,
                            "."sv,
                            "1"sv,
                            "127.1"sv,
                            "1.2.3"sv,
                            "1.2.3.4."sv,
                            "1.2.3.4.5"sv,
                            "1.2.3.256"sv,
                            "01.2.3.4"sv,
                            "1.2.3.04"sv,
                            "0x7f.0.0.1"sv,
                            "2130706433"sv,
                            "0177.0.0.1"sv,
                            "1.2.3.4 "sv,
                            " 1.2.3.4"sv,
                            "1.2.3.4\n"sv,
                            "1.2.3.4\0"sv,
                            "1.2.3.4:80"sv,
                            "[::1]"sv,
                            ":::"sv,
                            ":"sv,
                            "1:2:3"sv,
                            "12345::"sv,
                            "::1%lo"sv,
                            "::g"sv,
                            "::1.2.3"sv,
                            "::1.2.3.256"sv,
                            "1::2::3"sv,
                            "::1/128"sv,
                            "unknown"sv,
                            "_hidden"sv,
                            "1:2:3:4:5:6:7:8:9"sv,
                            "fe80::1%1"sv,
                            "::1\0"sv,
                            "localhost"sv,
                            "１.2.3.4"sv,
                            "0000000000000000000000000000000000000000000000000000000::1"sv})
        BOOST_TEST(!ip_address::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(comes_from_sockets) {
    sockaddr_storage socket{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(socket);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(80);
    v4.sin_addr.s_addr = htonl(0xC0000207);
    BOOST_TEST(ip_address::from(socket).to_string() == "192.0.2.7");

    socket = {};
    auto& v6 = reinterpret_cast<sockaddr_in6&>(socket);
    v6.sin6_family = AF_INET6;
    v6.sin6_scope_id = 3;
    const auto mapped = at("192.0.2.7").bytes();
    std::copy(mapped.begin(), mapped.end(), v6.sin6_addr.s6_addr);
    BOOST_TEST(ip_address::from(socket).to_string() == "192.0.2.7");
    const auto local = at("fe80::1").bytes();
    std::copy(local.begin(), local.end(), v6.sin6_addr.s6_addr);
    BOOST_TEST(ip_address::from(socket).to_string() == "fe80::1");

    socket = {};
    socket.ss_family = AF_UNIX;
    BOOST_TEST((ip_address::from(socket) == ip_address{}));
}

BOOST_AUTO_TEST_CASE(compares_by_value) {
    BOOST_TEST((at("192.0.2.7") == at("::ffff:192.0.2.7")));
    BOOST_TEST((at("192.0.2.7") != at("192.0.2.8")));
    BOOST_TEST((at("192.0.2.7") != at("::192.0.2.7")));
    BOOST_TEST((at("10.0.0.2") < at("10.0.0.10")));
    BOOST_TEST((at("::1") < at("0.0.0.0")));
    std::unordered_set<ip_address> set{at("::1"), at("192.0.2.7"), at("::ffff:192.0.2.7")};
    BOOST_TEST(set.size() == 2u);
    BOOST_TEST(set.contains(at("192.0.2.7")));
}

BOOST_AUTO_TEST_CASE(reads_networks) {
    struct {
        std::string_view text, written;
        unsigned length;
    } const rows[] = {
        {"10.0.0.0/8", "10.0.0.0/8", 8},
        {"0.0.0.0/0", "0.0.0.0/0", 0},
        {"192.0.2.7", "192.0.2.7", 32},
        {"192.0.2.7/32", "192.0.2.7", 32},
        {"192.0.2.6/31", "192.0.2.6/31", 31},
        {"128.0.0.0/1", "128.0.0.0/1", 1},
        {"::/0", "::/0", 0},
        {"2001:DB8::/32", "2001:db8::/32", 32},
        {"2001:db8::1", "2001:db8::1", 128},
        {"2001:db8::/127", "2001:db8::/127", 127},
        {"::ffff:0:0/96", "0.0.0.0/0", 0},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8", 8},
        {"::ffff:10.1.2.3/128", "10.1.2.3", 32},
        {"::ffff:10.1.2.3", "10.1.2.3", 32},
    };
    for (const auto& row : rows) {
        const auto network = ip_network::parse(row.text);
        BOOST_TEST_REQUIRE(network.has_value(), row.text);
        BOOST_TEST(network->to_string() == row.written);
        BOOST_TEST(network->length() == row.length);
        BOOST_TEST((ip_network::parse(network->to_string()) == network), row.text);
    }
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_with_a_network) {
    struct {
        std::string_view text, part;
    } const rows[] = {
        {"", "is no network"},
        {"/8", "is no network"},
        {"10/8", "is no network"},
        {"10.0.0/8", "is no network"},
        {"example.org", "write one such as 10.0.0.0/8"},
        {"10.0.0.0/", "0 to 32 for IPv4"},
        {"10.0.0.0/33", "0 to 32 for IPv4"},
        {"10.0.0.0/08", "0 to 32 for IPv4"},
        {"10.0.0.0/+8", "0 to 32 for IPv4"},
        {"10.0.0.0/-1", "0 to 32 for IPv4"},
        {"10.0.0.0/8/8", "0 to 32 for IPv4"},
        {"10.0.0.0/255.0.0.0", "0 to 32 for IPv4"},
        {"10.0.0.0/18446744073709551624", "0 to 32 for IPv4"},
        {"2001:db8::/129", "0 to 128 for IPv6"},
        {"::ffff:10.0.0.0/8", "96 to 128"},
        {"::ffff:0:0/95", "96 to 128"},
        {"10.0.0.1/8", "write 10.0.0.0/8 or 10.0.0.1"},
        {"192.0.2.129/25", "write 192.0.2.128/25 or 192.0.2.129"},
        {"10.0.0.1/0", "write 0.0.0.0/0 or 10.0.0.1"},
        {"2001:db8::1/64", "write 2001:db8::/64 or 2001:db8::1"},
        {"::ffff:10.0.0.1/104", "write 10.0.0.0/8 or 10.0.0.1"},
    };
    for (const auto& row : rows) {
        const auto network = ip_network::parse(row.text);
        BOOST_TEST_REQUIRE(network.has_error(), row.text);
        BOOST_TEST(network.error().find(row.part) != std::string::npos, network.error());
        BOOST_TEST(network.error().starts_with("\"" + std::string(row.text) + "\""), network.error());
    }
}

BOOST_AUTO_TEST_CASE(knows_what_is_in_a_network) {
    struct {
        std::string_view network, address;
        bool expected;
    } const rows[] = {
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "::1", false},
        {"0.0.0.0/0", "::", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "::", true},
        {"::/0", "10.0.0.1", false},
        {"::/1", "10.0.0.1", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"::1", "::1", true},
        {"::1", "::2", false},
    };
    for (const auto& row : rows)
        BOOST_TEST(ip_network::parse(row.network)->contains(at(row.address)) == row.expected,
                   row.network << " contains " << row.address);
}

BOOST_AUTO_TEST_CASE(cuts_addresses_to_networks) {
    BOOST_TEST(ip_network(at("192.0.2.7"), 24).to_string() == "192.0.2.0/24");
    BOOST_TEST(ip_network(at("192.0.2.7"), 64).to_string() == "192.0.2.7");
    BOOST_TEST(ip_network(at("2001:db8:1:2:3::4"), 64).to_string() == "2001:db8:1:2::/64");
    BOOST_TEST(ip_network(at("::1"), 999).to_string() == "::1");
}

BOOST_AUTO_TEST_CASE(looks_through_lists) {
    const std::string texts[] = {"10.0.0.0/8", "2001:db8::/32", "192.0.2.7"};
    const auto list = ip_networks::parse(texts);
    BOOST_TEST_REQUIRE(list.has_value());
    for (const auto text : {"10.1.1.1", "192.0.2.7", "2001:db8::9", "::ffff:192.0.2.7"})
        BOOST_TEST(list->contains(at(text)), text);
    for (const auto text : {"11.1.1.1", "192.0.2.8", "2001:db9::9", "::"})
        BOOST_TEST(!list->contains(at(text)), text);
    BOOST_TEST(!ip_networks().contains(at("10.1.1.1")));
    BOOST_TEST(ip_networks().empty());
    const std::string broken[] = {"10.0.0.0/8", "10.0.0.1/8", "x"};
    BOOST_TEST(ip_networks::parse(broken).error().starts_with("\"10.0.0.1/8\""));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
