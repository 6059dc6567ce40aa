#include "handlers/fastcgi_answer.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::handlers {
namespace {

using progress = fastcgi_answer::progress;
using content::fastcgi::record_type;

constexpr std::uint16_t number = 300;

std::string record(record_type type, std::string_view content, std::uint16_t request = number) {
    const auto header = content::fastcgi::header_of(type, content.size(), request);
    return std::string(header.data(), header.size()).append(content);
}

std::string output(std::string_view text) { return record(record_type::standard_output, text); }

std::string end(char status = 0) {
    return record(record_type::end_request, std::string(4, '\0') + status + std::string(3, '\0'));
}

struct asked {
    explicit asked(bool is_for_head = false) : answer(log, "/a.php", id, number, is_for_head) {}

    std::string fault(bool is_complete = true) {
        const auto found = answer.find_fault(is_complete);
        return found ? std::to_string(static_cast<int>(found->status)) + ' ' + found->cause : "";
    }

    std::vector<std::string> lines;
    telemetry::log log{lines};
    const std::string id = "0123456789abcdef";
    fastcgi_answer answer;
};

constexpr std::string_view page = "Content-Type: text/html\r\n\r\n";

BOOST_AUTO_TEST_SUITE(fastcgi_answers)

BOOST_AUTO_TEST_CASE(it_may_begin_when_nothing_more_is_there_or_enough) {
    asked one;
    BOOST_TEST(!one.answer.has_bytes());
    BOOST_TEST((one.answer.take(output("Content-Type: text/html\r\n")) == progress::more));
    BOOST_TEST(one.answer.has_bytes());
    BOOST_TEST(!one.answer.may_begin(true));
    BOOST_TEST((one.answer.take(output("\r\nbegin")) == progress::more));
    BOOST_TEST(one.answer.may_begin(true));
    BOOST_TEST(!one.answer.may_begin(false));
    (void)one.answer.take(output(std::string(60'000, 'x')));
    BOOST_TEST(!one.answer.may_begin(false));
    (void)one.answer.take(output(std::string(6'000, 'x')));
    BOOST_TEST(one.answer.may_begin(false));
    BOOST_TEST(one.answer.is_full());
    BOOST_TEST(one.fault(false) == "");

    std::array<char, 5> buffer;
    BOOST_TEST(one.answer.hand_out(buffer) == 5u);
    BOOST_TEST(std::string_view(buffer.data(), 5) == "begin");
    std::vector<char> rest(100'000);
    BOOST_TEST(one.answer.hand_out(rest) == 66'000u);
    BOOST_TEST(one.answer.content().empty());
    BOOST_TEST((one.answer.take(end()) == progress::ended));
    BOOST_TEST(one.answer.has_ended());
    BOOST_TEST(!one.answer.has_surplus());
}

BOOST_AUTO_TEST_CASE(what_is_behind_the_end_is_told) {
    asked one;
    BOOST_TEST((one.answer.take(output(page) + end() + "x") == progress::ended));
    BOOST_TEST(one.answer.has_surplus());
}

BOOST_AUTO_TEST_CASE(content_that_nobody_wants_is_read_up_to_a_bound) {
    asked one(true);
    (void)one.answer.take(output(std::string(page) + "content"));
    BOOST_TEST(one.answer.is_without_content());
    BOOST_TEST(one.answer.content().empty());
    BOOST_TEST(!one.answer.may_begin(true));
    for (int i = 0; i < 17; ++i) (void)one.answer.take(output(std::string(65'000, 'x')));
    BOOST_TEST(one.answer.may_begin(false));
    BOOST_TEST(one.answer.content().empty());
}

BOOST_AUTO_TEST_CASE(the_length_that_the_head_says_counts) {
    const std::string head = "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\n";
    asked shorter;
    (void)shorter.answer.take(output(head + "abc") + end());
    BOOST_TEST(shorter.fault() == "502 the output has 3 bytes of content and not 4, as it says");
    BOOST_TEST(shorter.fault(false) == "");
    asked longer;
    (void)longer.answer.take(output(head + "abcdef") + end());
    BOOST_TEST(longer.fault() == "");
    BOOST_TEST(longer.answer.content() == "abcd");
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_has_a_status_and_a_cause) {
    asked nothing;
    (void)nothing.answer.take(end());
    BOOST_TEST(nothing.fault().starts_with("502 "));
    asked overloaded;
    (void)overloaded.answer.take(end(2));
    BOOST_TEST(overloaded.fault() == "503 the application says that it is overloaded");
    asked refusing;
    (void)refusing.answer.take(end(3));
    BOOST_TEST(refusing.fault() == "502 the application refuses the request (protocol status 3)");
    asked untyped;
    (void)untyped.answer.take(output("Status: 200 OK\r\n\r\ncontent"));
    BOOST_TEST(untyped.fault().starts_with("502 "));

    asked headless;
    BOOST_TEST((headless.answer.take(output("no head\r\n\r\n")) == progress::refused));
    BOOST_TEST(!headless.answer.cause().empty());
    asked broken;
    BOOST_TEST((broken.answer.take(std::string(8, '\x7f')) == progress::refused));
    BOOST_TEST(!broken.answer.cause().empty());
}

BOOST_AUTO_TEST_CASE(standard_error_goes_to_the_log) {
    asked one;
    (void)one.answer.take(record(record_type::standard_error, "PHP Warning: x\n") + output(page));
    BOOST_TEST_REQUIRE(one.lines.size() == 1u);
    BOOST_TEST(one.lines[0].find("PHP Warning: x") != std::string::npos);
    BOOST_TEST(one.answer.has_head());
}

BOOST_AUTO_TEST_CASE(what_comes_late_of_another_request_is_none_of_this_one) {
    const auto late = record(record_type::standard_output, "Content-Type: text/html\r\n\r\nlate", number - 1);
    {
        asked one;
        BOOST_TEST((one.answer.take(late) == progress::refused));
        BOOST_TEST(one.answer.is_of_another());
    }
    {
        asked one;
        (void)one.answer.take(record(record_type::standard_output, ""));
        BOOST_TEST((one.answer.take(late) == progress::refused));
        BOOST_TEST(one.answer.is_of_another());
    }
    {
        asked one;
        (void)one.answer.take(output("Content-Type: "));
        BOOST_TEST((one.answer.take(late) == progress::refused));
        BOOST_TEST(!one.answer.is_of_another());
    }
    {
        asked one;
        BOOST_TEST((one.answer.take(std::string("\2", 1) + std::string(7, '\0')) == progress::refused));
        BOOST_TEST(!one.answer.is_of_another());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::handlers
