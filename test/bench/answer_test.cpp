// The measurements and the overload tests believe what answer_reader counts.
#define BOOST_TEST_MODULE bench
#include "answer.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using fairlead::bench::answer_reader;
using progress = answer_reader::progress;

namespace {

/// The answers in `pieces`, or nothing when they are no answers.
std::vector<fairlead::bench::answer> read(const std::vector<std::string>& pieces) {
    answer_reader reader;
    std::vector<fairlead::bench::answer> found;
    for (std::string_view piece : pieces) {
        while (!piece.empty()) {
            const auto done = reader.take(piece);
            if (done == progress::invalid) return {};
            if (done == progress::complete) found.push_back(reader.last());
        }
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_answers_are_the_same_at_every_split) {
    const std::string both =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nCONTENT-LENGTH: 4\r\nConnection: "
        "close\r\n\r\nbusy";
    for (std::size_t split = 0; split <= both.size(); ++split) {
        BOOST_TEST_CONTEXT("split at " << split) {
            const auto found = read({both.substr(0, split), both.substr(split)});
            BOOST_REQUIRE_EQUAL(found.size(), 2u);
            BOOST_TEST(found[0].status == 200u);
            BOOST_TEST(found[0].length == 5u);
            BOOST_TEST(!found[0].close);
            BOOST_TEST(!found[0].retry_after);
            BOOST_TEST(found[1].status == 503u);
            BOOST_TEST(found[1].length == 4u);
            BOOST_TEST(found[1].close);
            BOOST_TEST(found[1].retry_after);
        }
    }
}

BOOST_AUTO_TEST_CASE(byte_by_byte) {
    std::vector<std::string> pieces;
    for (const char c :
         std::string("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
        pieces.emplace_back(1, c);
    BOOST_TEST(read(pieces).size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_no_answer) {
    BOOST_TEST(read({"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"}).empty());
    BOOST_TEST(read({"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n"}).empty());
    BOOST_TEST(read({"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n"}).empty());
}

BOOST_AUTO_TEST_CASE(an_answer_that_was_cut_is_not_whole) {
    BOOST_TEST(read({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}).empty());
    answer_reader reader;
    BOOST_TEST(reader.is_between_answers());
    std::string_view half = "HTTP/1.1 200 OK\r\nContent-Le";
    BOOST_TEST((reader.take(half) == progress::incomplete));
    BOOST_TEST(!reader.is_between_answers());
}

BOOST_AUTO_TEST_CASE(bytes_that_the_kernel_dropped_count) {
    answer_reader reader;
    std::string_view input = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n1234";
    BOOST_TEST((reader.take(input) == progress::incomplete));
    BOOST_TEST((reader.take(input) == progress::incomplete));
    BOOST_TEST(reader.body_left() == 99996u);
    BOOST_TEST((reader.skip_body(99996) == progress::complete));
}
