#include "http/cgi_output.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using state = cgi_output::state;
using namespace std::string_literals;

/// What comes out of a text that arrives in pieces of one size.
struct reading {
    state what = state::need_more;
    std::string rest;  ///< what follows the head
    script_head head;
    std::string reason;
};

reading read(std::string_view text, std::size_t piece, const cgi_output_limits& limits = {}) {
    cgi_output output(limits);
    reading all;
    while (!text.empty() && all.what == state::need_more) {
        const auto size = std::min(piece, text.size());
        const auto [consumed, what] = output.feed({text.data(), size});
        text.remove_prefix(what == state::complete ? consumed : size);
        all.what = what;
    }
    if (all.what == state::need_more) {
        output.finish();
        all.what = state::refused;
    }
    all.rest = text;
    if (all.what == state::refused) {
        const auto refusal = output.refusal();
        BOOST_TEST((refusal.status == status::bad_gateway));
        all.reason = refusal.log_detail;
    }
    all.head = output.take_head();
    return all;
}

BOOST_AUTO_TEST_SUITE(output_of_scripts)

BOOST_AUTO_TEST_CASE(accepts) {
    struct {
        std::string text;
        unsigned code;
        std::string fields;
        script_body body = script_body::sent;
        std::string local = {};
    } const rows[] = {
        {"Content-Type: text/plain\r\n\r\n", 200, "Content-Type: text/plain\r\n"},
        {"Content-Type: text/plain\n\n", 200, "Content-Type: text/plain\r\n"},
        {"Content-Type: text/plain\r\n\n", 200, "Content-Type: text/plain\r\n"},
        {"content-type:text/plain\n\r\n", 200, "Content-Type: text/plain\r\n"},
        {"Status: 404 Not here\nContent-Type: a/b\n\n", 404, "Content-Type: a/b\r\n"},
        {"Status:599\nContent-Type: a/b\n\n", 599, "Content-Type: a/b\r\n"},
        {"Status: 200 \nContent-Type: a/b\n\n", 200, "Content-Type: a/b\r\n"},
        {"Status: 204\n\n", 204, "", script_body::ignored},
        {"Status: 304\nETag: \"a\"\nContent-Type: a/b\n\n", 304, "ETag: \"a\"\r\nContent-Type: a/b\r\n",
         script_body::ignored},
        {"Status: 403\n\n", 403, "", script_body::absent},
        {"Set-Cookie: a=1\nContent-Type: a/b\nSet-Cookie: b=2\n\n", 200,
         "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: a/b\r\n"},
        {"X-Empty:\nContent-Type: a/b\n\n", 200, "X-Empty: \r\nContent-Type: a/b\r\n"},
        // What is not for the client.
        {"Connection: close\nKeep-Alive: timeout=5\nTransfer-Encoding: chunked\nTE: trailers\nTrailer: X\n"
         "Upgrade: h2c\nProxy-Connection: close\nDate: now\nServer: x\nX-Accel-Redirect: /etc/passwd\n"
         "X-SENDFILE: /etc/passwd\nX-LiteSpeed-Location: /etc/passwd\nx-request-id: 1\nContent-Type: a/b\n\n",
         200, "Content-Type: a/b\r\n"},
        // Redirects.
        {"Location: /a/b?c=d\n\n", 302, "Location: /a/b?c=d\r\n", script_body::ignored, "/a/b?c=d"},
        {"Location: https://other.example/\n\n", 302, "Location: https://other.example/\r\n",
         script_body::ignored},
        {"Location: //other.example/\n\n", 302, "Location: //other.example/\r\n", script_body::ignored},
        {"Location: /a#b\n\n", 302, "Location: /a#b\r\n", script_body::ignored},
        {"Location: b.html\n\n", 302, "Location: b.html\r\n", script_body::ignored},
        {"Status: 302 Found\nLocation: /a\n\n", 302, "Location: /a\r\n", script_body::ignored},
        {"Location: /a\nSet-Cookie: a=1\n\n", 302, "Set-Cookie: a=1\r\nLocation: /a\r\n",
         script_body::ignored},
        {"Status: 201\nLocation: /a\nContent-Type: a/b\n\n", 201, "Location: /a\r\nContent-Type: a/b\r\n"},
        {"Location: http://h/\nContent-Type: a/b\n\n", 302, "Location: http://h/\r\nContent-Type: a/b\r\n"},
    };
    for (const auto& row : rows) {
        const auto text = row.text + "\nrest";
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            BOOST_TEST_CONTEXT(row.text << " in pieces of " << piece) {
                const auto got = read(text, piece);
                BOOST_TEST_REQUIRE((got.what == state::complete), got.reason);
                BOOST_TEST(static_cast<unsigned>(got.head.status) == row.code);
                BOOST_TEST(got.head.fields.text() == row.fields);
                BOOST_TEST((got.head.body == row.body));
                BOOST_TEST(got.head.local_location == row.local);
                BOOST_TEST(got.rest == "\nrest");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(tells_the_length) {
    const auto length_of = [](std::string_view value, std::string_view more = {}) {
        return read(
            "Content-Length: " + std::string(value) + "\nContent-Type: a/b\n" + std::string(more) + "\n",
            100);
    };
    BOOST_TEST(length_of("0").head.length.value() == 0);
    BOOST_TEST(length_of("9223372036854775807").head.length.value() == 9223372036854775807u);
    BOOST_TEST(length_of("5").head.fields.get("Content-Length") == "");
    BOOST_TEST(!length_of("5", "Status: 204\n").head.length);
    for (const std::string_view bad : {"", "-1", "+1", "5, 5", "0x5", "5 5", "9223372036854775808"})
        BOOST_TEST((length_of(bad).what == state::refused), bad);
    BOOST_TEST((length_of("5", "Content-Length: 5\n").what == state::refused));
}

BOOST_AUTO_TEST_CASE(refuses) {
    struct {
        std::string text;
        std::string reason;  ///< part of it
    } const rows[] = {
        {"", "the output is empty"},
        {"Content-Type: a/b\n", "ended within its head"},
        {"Content-Type: a/b", "ended within its head"},
        {"\nhello", "begins with an empty line"},
        {"\r\nhello", "begins with an empty line"},
        {"<html>\n\n", "no \"Name: value\": \"<html>\""},
        {"HTTP/1.1 200 OK\nContent-Type: a/b\n\n", "begins with a status line"},
        {"X-Own: 1\n\n", "no Content-Type, no Location and no Status"},
        {"Content-Type: a/b\n folded\n\n", "begins with a space"},
        {"Content-Type: a/b\n\tfolded\n\n", "begins with a space"},
        {"Content-Type : a/b\n\n", "malformed: \"Content-Type \""},
        {": a/b\n\n", "malformed: \"\""},
        {"X(Y): 1\n\n", "malformed"},
        {"X\0Y: 1\n\n"s, "malformed"},
        {"X: a\rSet-Cookie: b\n\n", "control byte"},
        {"X: a\0b\n\n"s, "control byte"},
        {"X: a\x7f\n\n", "control byte"},
        {"Content-Type: a/b\r\r\n\n", "control byte"},
        {"Content-Type: a/b\nContent-Type: c/d\n\n", "more than one Content-Type"},
        {"Location: /a\nlocation: /b\n\n", "more than one location"},
        {"Status: 200\nStatus: 200\n\n", "more than one Status"},
        {"Content-Type:\n\n", "Content-Type is empty"},
        {"Location: \n\n", "Location is empty"},
        {"Status: 100\n\n", "not a number from 200 to 599"},
        {"Status: 101 Switching\n\n", "not a number from 200 to 599"},
        {"Status: 199\n\n", "not a number from 200 to 599"},
        {"Status: 600\n\n", "not a number from 200 to 599"},
        {"Status: 2000\n\n", "not a number from 200 to 599"},
        {"Status: 20\n\n", "not a number from 200 to 599"},
        {"Status: +20\n\n", "not a number from 200 to 599"},
        {"Status: OK\n\n", "not a number from 200 to 599"},
        {"Status: 200OK\n\n", "not a number from 200 to 599"},
    };
    for (const auto& row : rows) {
        for (std::size_t piece = 1; piece <= row.text.size() + 1; ++piece) {
            BOOST_TEST_CONTEXT(row.text << " in pieces of " << piece) {
                const auto got = read(row.text, piece);
                BOOST_TEST((got.what == state::refused));
                BOOST_TEST(got.reason.find(row.reason) != std::string::npos, got.reason);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(is_bounded) {
    const cgi_output_limits limits{.max_head_bytes = 40, .max_fields = 3};
    const auto exact = "Content-Type: a/b\nX: " + std::string(17, 'x') + "\n\n";
    BOOST_TEST_REQUIRE(exact.size() == 40);
    for (const std::size_t piece : {1, 7, 100}) {
        BOOST_TEST((read(exact, piece, limits).what == state::complete));
        BOOST_TEST(read("X" + exact, piece, limits).reason.find("longer than 40 bytes") == 26);
        BOOST_TEST(read(std::string(1000, 'x'), piece, limits).reason.find("longer than 40 bytes") == 26);
        BOOST_TEST((read("Status: 200\nA:\nB:\n\n", piece, limits).what == state::complete));
        BOOST_TEST(read("Status: 200\nA:\nB:\nC:\n\n", piece, limits).reason ==
                   "the head of the output has more than 3 fields");
    }
}

BOOST_AUTO_TEST_CASE(quotes_a_bounded_part_in_the_log) {
    const auto got = read(std::string(5000, 'x') + "\n", 5001);
    BOOST_TEST(got.reason.size() < 200);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
