#include "http/framing.hpp"

#include "fields.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

constexpr auto cl = field::content_length;
constexpr auto te = field::transfer_encoding;
using kind = enum body_framing::kind;

BOOST_AUTO_TEST_SUITE(framing)

BOOST_AUTO_TEST_CASE(frames_bodies) {
    struct {
        test_fields fields;
        unsigned version_minor;
        kind expected;
        std::uint64_t length;
    } const rows[] = {
        {{}, 1, kind::none, 0},
        {{{field::host, "h"}}, 0, kind::none, 0},
        {{{cl, "0"}}, 1, kind::length, 0},
        {{{cl, "5"}}, 0, kind::length, 5},
        {{{cl, "005"}}, 1, kind::length, 5},
        {{{cl, "9223372036854775807"}}, 1, kind::length, 9223372036854775807u},
        {{{te, "chunked"}}, 1, kind::chunked, 0},
        {{{te, "CHUNKed"}}, 1, kind::chunked, 0},
    };
    for (const auto& row : rows) {
        const auto framing = decide_framing(row.fields.table(), row.version_minor);
        BOOST_TEST_REQUIRE(framing.has_value());
        BOOST_TEST((framing->kind == row.expected));
        BOOST_TEST(framing->length == row.length);
    }
}

BOOST_AUTO_TEST_CASE(refuses_and_closes) {
    struct {
        test_fields fields;
        unsigned code = 400;
        unsigned version_minor = 1;
    } const rows[] = {
        {{{cl, "5"}, {cl, "10"}}},
        {{{cl, "5"}, {cl, "5"}}},
        {{{cl, "5"}, {cl, "5"}, {cl, "5"}}},
        {{{cl, "5, 5"}}},
        {{{cl, "5, 5, 5"}}},
        {{{cl, "5,"}}},
        {{{cl, ",5"}}},
        {{{cl, ""}}},
        {{{cl, "+5"}}},
        {{{cl, "-5"}}},
        {{{cl, "-123456789123456789123456789"}}},
        {{{cl, "0x5"}}},
        {{{cl, "1_0"}}},
        {{{cl, "5x"}}},
        {{{cl, "5 "}}},
        {{{cl, "5 5"}}},
        {{{cl, "abc"}}},
        {{{cl,
           "\x0b"
           "5"}}},
        {{{cl,
           "\xa0"
           "5"}}},
        {{{cl, std::string_view("5\0", 2)}}},
        {{{cl, "5.0"}}},
        {{{cl, "1e3"}}},
        {{{cl, "9223372036854775808"}}},
        {{{cl, "18446744073709551616"}}},
        {{{cl, "18446744073709551621"}}},
        {{{cl, "99999999999999999999999999"}}},
        {{{te, "chunked"}, {cl, "5"}}},
        {{{cl, "+5"}, {te, "chunked"}}},
        {{{te, "xchunked"}, {cl, "5"}}},
        {{{te, "identity"}, {cl, "5"}}},
        {{{te, ",chunked"}, {cl, "5"}}},
        {{{te, "chunked"}}, 400, 0},
        {{{te, "gzip"}}, 400, 0},
        {{{te, ""}}},
        {{{te, ","}}},
        {{{te, ", chunked"}}},
        {{{te, "chunked,"}}},
        {{{te, "chunked, chunked"}}},
        {{{te, "chunked"}, {te, "chunked"}}},
        {{{te, "chunked"}, {te, "identity"}}},
        {{{te, "chunked, gzip"}}},
        {{{te, "gzip, chunked, chunked"}}},
        {{{te, "chunked;q=1"}}},
        {{{te, "chunked;"}}},
        {{{te, "chunked ;a=b"}}},
        {{{te, "gzip, chunked;a=b"}}},
        {{{te, "chunked@"}}},
        {{{te, "chunk ed"}}},
        {{{te, "\"chunked\""}}},
        {{{te,
           "\xff"
           "chunked\xff"}}},
        {{{te,
           "\x0b"
           "chunked"}}},
        {{{te, std::string_view("chunked\0", 8)}}},
        {{{te, ""}, {te, "chunked"}}},
        {{{te, "gzip"}}, 501},
        {{{te, "xchunked"}}, 501},
        {{{te, "identity"}}, 501},
        {{{te, "gzip, chunked"}}, 501},
        {{{te, "gzip"}, {te, "chunked"}}, 501},
        {{{te, "gzip;x=\"chunked, chunked\", chunked"}}, 501},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.fields.table().begin()->value) {
            const auto framing = decide_framing(row.fields.table(), row.version_minor);
            BOOST_TEST_REQUIRE(!framing.has_value());
            BOOST_TEST(static_cast<unsigned>(framing.error().status) == row.code);
            BOOST_TEST(framing.error().close);
        }
    }
}

BOOST_AUTO_TEST_CASE(reads_the_head) {
    constexpr auto connection = field::connection;
    constexpr auto expect = field::expect;
    struct {
        test_fields fields;
        unsigned version_minor;
        bool keep_alive, expects_continue;
    } const rows[] = {
        {{{field::host, "h"}}, 1, true, false},
        {{{field::host, "h"}, {connection, "CLOSE"}}, 1, false, false},
        {{{field::host, "h"}, {connection, "keep-alive, Close"}}, 1, false, false},
        {{{field::host, "h"}, {connection, "keep-alive"}, {connection, "close"}}, 1, false, false},
        {{{field::host, "h"}, {connection, ",;@=,,"}}, 1, true, false},
        {{{field::host, "h"}, {connection, "closed"}}, 1, true, false},
        {{}, 0, false, false},
        {{{connection, "Keep-Alive"}}, 0, true, false},
        {{{connection, "keep-alive, close"}}, 0, false, false},
        {{{field::host, "h"}, {expect, "100-continue"}}, 1, true, true},
        {{{field::host, "h"}, {expect, "100-Continue"}}, 1, true, true},
        {{{field::host, "h"}, {expect, "100-continue, 100-continue"}}, 1, true, true},
        {{{field::host, "h"}, {expect, ""}}, 1, true, false},
        {{{field::host, "h"}, {expect, "100-continue"}}, 0, false, false},
    };
    for (const auto& row : rows) {
        const auto facts = check_head(row.fields.table(), row.version_minor);
        BOOST_TEST_REQUIRE(facts.has_value());
        BOOST_TEST(facts->keep_alive == row.keep_alive);
        BOOST_TEST(facts->expects_continue == row.expects_continue);
    }
    const test_fields with_port{{field::host, "Example.org:81"}};
    const auto facts = check_head(with_port.table(), 1);
    BOOST_TEST_REQUIRE(facts.has_value());
    BOOST_TEST(facts->host->name == "Example.org");
    BOOST_TEST(facts->host->port.value() == 81);
    BOOST_TEST(!check_head(test_fields{}.table(), 0)->host.has_value());

    // What was accepted before is not looked at again; before the first there is nothing.
    const known_host none;
    BOOST_TEST(!check_head(test_fields{{field::host, ""}}.table(), 1, &none));
    BOOST_TEST(!check_head(test_fields{{field::host, ""}}.table(), 0, &none));
}

BOOST_AUTO_TEST_CASE(refuses_heads) {
    struct {
        test_fields fields;
        unsigned code;
        unsigned version_minor;
    } const rows[] = {
        {{}, 400, 1},
        {{{field::host, "h"}, {field::host, "h"}}, 400, 1},
        {{{field::host, "h"}, {field::host, "other"}}, 400, 0},
        {{{field::host, ""}}, 400, 1},
        {{{field::host, ""}}, 400, 0},
        {{{field::host, "user@h"}}, 400, 1},
        {{{field::host, "h, h"}}, 400, 1},
        {{{field::host, "h"}, {field::expect, "200-ok"}}, 417, 1},
        {{{field::host, "h"}, {field::expect, "100-continue, x"}}, 417, 1},
        {{{field::host, "h"}, {field::expect, "100-continue"}, {field::expect, "x=\"100-continue\""}},
         417,
         1},
        {{{field::host, "h"}, {field::expect, "100-continue;q=1"}}, 417, 1},
        {{{field::expect, "x"}}, 400, 1},
    };
    for (const auto& row : rows) {
        const auto facts = check_head(row.fields.table(), row.version_minor);
        BOOST_TEST_REQUIRE(!facts.has_value());
        BOOST_TEST(static_cast<unsigned>(facts.error().status) == row.code);
        BOOST_TEST(facts.error().close);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
