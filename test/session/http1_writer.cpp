#include "session/http1_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

namespace fairlead::session {
namespace {

std::string head_of(const http::response& answer, const head_options& options) {
    // Nothing may be written beyond the room that the contract names.
    std::string room(head_overhead + own_head_size(answer) + 1, '#');
    const auto* end = write_head(room.data(), answer, options);
    BOOST_TEST(room.back() == '#');
    room.resize(static_cast<std::size_t>(end - room.data()));
    const auto date = room.find("\r\nDate: ");
    BOOST_REQUIRE(date != std::string::npos);
    BOOST_TEST(room.compare(date + 8 + 25, 6, " GMT\r\n") == 0);
    return room.replace(date + 8, 29, "DATE");
}

const std::string& lines_for(std::chrono::seconds idle_timeout) {
    static std::string kept;
    return kept = keep_alive_lines(idle_timeout);
}

head_options options() {
    head_options made;
    made.requests_left = 99;
    made.keep_alive = lines_for(std::chrono::seconds(30));
    made.request_id = "0123456789abcdef";
    return made;
}

constexpr const char* common_end =
    "X-Request-Id: 0123456789abcdef\r\nConnection: keep-alive\r\n"
    "Keep-Alive: timeout=30, max=99\r\n\r\n";

BOOST_AUTO_TEST_SUITE(http1_writer)

BOOST_AUTO_TEST_CASE(writes_every_byte_as_expected) {
    http::response answer;
    answer.prebuilt = "ETag: \"x\"\r\n";
    answer.common = "X-Common: y\r\n";
    BOOST_REQUIRE(answer.fields.add("Content-Type", "text/plain"));
    answer.body = std::string("hello");
    BOOST_TEST(head_of(answer, options()) ==
               std::string("HTTP/1.1 200 OK\r\nDate: DATE\r\nETag: \"x\"\r\nContent-Type: text/plain\r\n"
                           "X-Common: y\r\nContent-Length: 5\r\n") +
                   common_end);
}

BOOST_AUTO_TEST_CASE(says_when_the_connection_ends) {
    auto asked = options();
    asked.keep = false;
    http::response answer;
    answer.status = http::status::not_found;
    BOOST_TEST(head_of(answer, asked) ==
               "HTTP/1.1 404 Not Found\r\nDate: DATE\r\nContent-Length: 0\r\n"
               "X-Request-Id: 0123456789abcdef\r\nConnection: close\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(announces_a_length_exactly_where_there_may_be_content) {
    http::response answer;
    answer.body = std::string("hello");
    for (const bool is_head : {false, true}) {
        auto asked = options();
        asked.is_head = is_head;
        for (const auto status : {http::status::no_content, http::status::not_modified}) {
            answer.status = status;
            BOOST_TEST(head_of(answer, asked).find("Content-Length") == std::string::npos);
            BOOST_TEST(!has_content(answer, is_head));
        }
        for (const auto status : {http::status::ok, http::status::partial_content, http::status::not_found}) {
            answer.status = status;
            BOOST_TEST(head_of(answer, asked).find("\r\nContent-Length: 5\r\n") != std::string::npos);
            BOOST_TEST(has_content(answer, is_head) == !is_head);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_is_being_made_has_no_length) {
    http::response answer;
    answer.body = http::stream_body{};
    BOOST_TEST(head_of(answer, options()).find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
    BOOST_TEST(head_of(answer, options()).find("Content-Length") == std::string::npos);
    auto old = options();
    old.may_chunk = false;
    BOOST_TEST(head_of(answer, old).find("Transfer-Encoding") == std::string::npos);
    BOOST_TEST(head_of(answer, old).find("Content-Length") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(numbers_of_any_size_fit) {
    auto asked = options();
    asked.requests_left = 4'294'967'295u;
    asked.keep_alive = lines_for(std::chrono::seconds(9'223'372'036));
    http::response answer;
    answer.status = http::status::request_header_fields_too_large;
    http::file_slice file;
    file.length = 18'446'744'073'709'551'615u;
    answer.body = file;
    const auto head = head_of(answer, asked);
    BOOST_TEST(head.find("\r\nContent-Length: 18446744073709551615\r\n") != std::string::npos);
    BOOST_TEST(head.find("\r\nKeep-Alive: timeout=9223372036, max=4294967295\r\n\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_date_has_its_fixed_form) {
    const auto line = current_date_line();
    BOOST_TEST(line.size() == 37u);
    BOOST_TEST(line.substr(0, 6) == "Date: ");
    BOOST_TEST(line.substr(9, 2) == ", ");
    BOOST_TEST(line.substr(35) == "\r\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::session
