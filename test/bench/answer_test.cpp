// The measurements and the overload tests believe what answer_reader counts, and ask for what digit_writer
// writes.
#define BOOST_TEST_MODULE bench
#include "answer.hpp"
#include "varied_digits.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

using fairlead::bench::answer_reader;
using fairlead::bench::digit_writer;
using fairlead::bench::varied_digits;
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

BOOST_AUTO_TEST_CASE(chunked_answers_are_the_same_at_every_split) {
    const std::string both =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\nContent-Encoding: gzip\r\n\r\n"
        "5\r\nhello\r\n0a;note=\"x\"\r\n0123\r\n\r\n89\r\n0\r\nTrailer: one\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    for (std::size_t split = 0; split <= both.size(); ++split) {
        BOOST_TEST_CONTEXT("split at " << split) {
            const auto found = read({both.substr(0, split), both.substr(split)});
            BOOST_REQUIRE_EQUAL(found.size(), 2u);
            BOOST_TEST(found[0].length == 15u);
            BOOST_TEST(found[0].is_chunked);
            BOOST_TEST(!found[0].close);
            BOOST_TEST(found[1].length == 0u);
            BOOST_TEST(found[1].close);
        }
    }
    std::vector<std::string> bytes;
    for (const char c : both) bytes.emplace_back(1, c);
    BOOST_TEST(read(bytes).size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_no_chunk) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string body :
         {"x\r\n", "\r\n", "-1\r\n", "0x5\r\nhello\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n",
          "11111111111111111\r\n", "HTTP/1.1 200 OK\r\n"}) {
        BOOST_TEST_CONTEXT(body) {
            answer_reader reader;
            const auto text = head + body;
            std::string_view input = text;
            BOOST_TEST((reader.take(input) == progress::invalid));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_chunked_answer_that_was_cut_is_not_whole) {
    const std::string whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
        BOOST_TEST_CONTEXT("cut at " << cut) {
            answer_reader reader;
            std::string_view input = std::string_view(whole).substr(0, cut);
            BOOST_TEST((reader.take(input) == progress::incomplete));
            BOOST_TEST(!reader.is_between_answers());
        }
    }
}

BOOST_AUTO_TEST_CASE(dropped_bytes_of_a_chunk_count) {
    answer_reader reader;
    std::string_view input = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n1234";
    BOOST_TEST((reader.take(input) == progress::incomplete));
    BOOST_TEST(reader.body_left() == 99996u);
    BOOST_TEST((reader.skip_body(99996) == progress::incomplete));
    BOOST_TEST(reader.body_left() == 0u);
    input = "\r\n0\r\n\r\n";
    BOOST_TEST((reader.take(input) == progress::complete));
    BOOST_TEST(reader.last().length == 100000u);
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_body) {
    // Its Content-Length and Transfer-Encoding, if any, are those that a 200 would have.
    for (const std::string fields : {"", "Content-Length: 1024\r\n", "Transfer-Encoding: chunked\r\n"}) {
        BOOST_TEST_CONTEXT(fields) {
            const auto found = read({"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n" + fields +
                                     "\r\nHTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx"});
            BOOST_REQUIRE_EQUAL(found.size(), 2u);
            BOOST_TEST(found[0].status == 304u);
            BOOST_TEST(found[0].length == 0u);
            BOOST_TEST(found[1].status == 206u);
            BOOST_TEST(found[1].length == 1u);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_tells_the_end_of_a_body_twice_or_oddly) {
    BOOST_TEST(read({"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "0\r\n\r\n"})
                   .empty());
    BOOST_TEST(read({"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n"}).empty());
}

BOOST_AUTO_TEST_CASE(ranges_lie_in_the_file_and_differ) {
    varied_digits what;
    what.range_at = 6;
    what.file_length = 1000;
    what.range_length = 100;
    digit_writer writer(what);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 2000; ++i) {
        std::string request = "bytes=" + varied_digits::range_room() + "!";
        writer.write(request.data());
        BOOST_REQUIRE_EQUAL(request.size(), 6 + 12 + 1 + 12 + 1u);
        BOOST_REQUIRE(request.starts_with("bytes=") && request[18] == '-' && request.ends_with('!'));
        const auto first = std::stoull(request.substr(6, 12)), last = std::stoull(request.substr(19, 12));
        BOOST_REQUIRE_EQUAL(last - first, 99u);
        BOOST_REQUIRE_LT(last, 1000u);
        seen.insert(first);
    }
    BOOST_TEST(seen.size() > 700u);
    BOOST_TEST(*seen.begin() < 20u);
    BOOST_TEST(*seen.rbegin() > 880u);
}

BOOST_AUTO_TEST_CASE(a_range_may_be_the_whole_file) {
    varied_digits what;
    what.range_at = 0;
    what.file_length = what.range_length = 10;
    std::string request = varied_digits::range_room();
    digit_writer(what).write(request.data());
    BOOST_TEST(request == "000000000000-000000000009");
}

BOOST_AUTO_TEST_CASE(the_counter_counts) {
    varied_digits what;
    what.counter_at = 1;
    digit_writer writer(what);
    std::string request = "/00000000.json";
    writer.write(request.data());
    BOOST_TEST(request == "/00000000.json");
    for (int i = 0; i < 1203; ++i) writer.write(request.data());
    BOOST_TEST(request == "/00001203.json");
}
