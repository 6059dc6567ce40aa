#include "telemetry/log.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <regex>

using namespace fairlead;
using namespace fairlead::telemetry;

namespace {

/// The line without its time, which must have the documented form.
std::string without_time(const std::string& line) {
    static const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.*))");
    std::smatch match;
    BOOST_TEST_REQUIRE(std::regex_match(line, match, form));
    return match[1];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(a_text_line_is_time_severity_message) {
    std::vector<std::string> lines;
    telemetry::log server_log(lines);
    server_log.debug("a {}", 1);
    server_log.info("b {:>3}", "x");
    server_log.warn("c");
    server_log.error("d {}", std::string("temporary"));
    BOOST_TEST_REQUIRE(lines.size() == 4u);
    BOOST_TEST(without_time(lines[0]) == "debug a 1");
    BOOST_TEST(without_time(lines[1]) == "info b   x");
    BOOST_TEST(without_time(lines[2]) == "warn c");
    BOOST_TEST(without_time(lines[3]) == "error d temporary");
}

BOOST_AUTO_TEST_CASE(what_is_below_the_level_is_left_out) {
    std::vector<std::string> lines;
    telemetry::log server_log(lines, severity::warn);
    BOOST_TEST(!server_log.enabled(severity::info));
    BOOST_TEST(server_log.enabled(severity::warn));
    server_log.debug("a");
    server_log.info("b");
    server_log.write_unescaped(severity::info, "c");
    BOOST_TEST(lines.empty());
    server_log.warn("d");
    server_log.error("e");
    BOOST_TEST(lines.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_message_stays_one_line) {
    std::vector<std::string> lines;
    telemetry::log server_log(lines);
    server_log.warn("refused {}", "a\n2026-01-02T03:04:05.678Z error forged\x1b[2J");
    BOOST_TEST(without_time(lines.at(0)) ==
               R"(warn refused a\x0A2026-01-02T03:04:05.678Z error forged\x1B[2J)");
}

BOOST_AUTO_TEST_CASE(only_write_unescaped_lets_colour_through) {
    std::vector<std::string> lines;
    telemetry::log server_log(lines);
    server_log.write_unescaped(severity::info, "\x1b[32mnormal\x1b[0m");
    BOOST_TEST(without_time(lines.at(0)) == "info \x1b[32mnormal\x1b[0m");
    std::vector<std::string> json_lines;
    telemetry::log json_log(json_lines, severity::debug, true);
    json_log.write_unescaped(severity::info, "\x1b[32mnormal\x1b[0m");
    BOOST_TEST(boost::json::parse(json_lines.at(0)).at("msg").as_string() == "\x1b[32mnormal\x1b[0m");
}

BOOST_AUTO_TEST_CASE(a_security_event_has_a_stable_form) {
    struct row {
        security_record event;
        std::string_view line;
    };
    const row rows[] = {
        {{"traversal", "192.0.2.7", "192.0.2.7", "4f2c", "/../etc/passwd"},
         R"(warn security event=traversal client=192.0.2.7 peer=192.0.2.7 request_id=4f2c detail="/../etc/passwd")"},
        {{"auth", "2001:db8::1", "192.0.2.7", "", ""},
         R"(warn security event=auth client=2001:db8::1 peer=192.0.2.7 request_id=- detail="")"},
        {{"", "", "", "", ""}, R"(warn security event=- client=- peer=- request_id=- detail="")"},
        // Nobody can name another client.
        {{"host", "192.0.2.7", "192.0.2.7", "x client=192.0.2.99", "\" client=192.0.2.99\nsecurity"},
         R"(warn security event=host client=192.0.2.7 peer=192.0.2.7 request_id=x\x20client\x3D192.0.2.99 )"
         R"(detail="\" client=192.0.2.99\x0Asecurity")"},
    };
    for (const row& each : rows) {
        std::vector<std::string> lines;
        telemetry::log(lines, severity::error).security(each.event);
        BOOST_TEST_REQUIRE(lines.size() == 1u);
        BOOST_TEST(without_time(lines[0]) == each.line);
    }
}

BOOST_AUTO_TEST_CASE(json_lines) {
    std::vector<std::string> lines;
    telemetry::log server_log(lines, severity::debug, true);
    server_log.info("a \"{}\"\n", "b");
    server_log.security({"traversal", "192.0.2.7", "192.0.2.8", "4f2c", "/\"\n"});
    BOOST_TEST_REQUIRE(lines.size() == 2u);
    const std::regex form(
        R"re(\{"level":"info","ts":\d+\.\d{6},"logger":"fairlead","msg":"a \\"b\\"\\n"\})re");
    BOOST_TEST(std::regex_match(lines[0], form));
    const auto event = boost::json::parse(lines[1]).as_object();
    BOOST_TEST(event.at("level").as_string() == "warn");
    BOOST_TEST(event.at("logger").as_string() == "security");
    BOOST_TEST(event.at("event").as_string() == "traversal");
    BOOST_TEST(event.at("client").as_string() == "192.0.2.7");
    BOOST_TEST(event.at("peer").as_string() == "192.0.2.8");
    BOOST_TEST(event.at("request_id").as_string() == "4f2c");
    BOOST_TEST(event.at("detail").as_string() == "/\"\n");
}

BOOST_AUTO_TEST_CASE(events_with_a_log_of_their_own_stand_nowhere_else) {
    for (const bool json : {false, true}) {
        std::vector<std::string> lines, events;
        telemetry::log server_log(lines, severity::debug, !json);
        server_log.capture_security(events, json);
        server_log.security({"host", "192.0.2.7", "192.0.2.7", "4f2c", "x"});
        server_log.warn("y");
        BOOST_TEST_REQUIRE(lines.size() == 1u);
        BOOST_TEST(lines[0].find("security") == std::string::npos);
        BOOST_TEST_REQUIRE(events.size() == 1u);
        BOOST_TEST((events[0].front() == '{') == json);
        BOOST_TEST(events[0].find("192.0.2.7") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(without_an_output_every_call_is_harmless) {
    telemetry::log server_log;
    BOOST_TEST(!server_log.enabled(severity::error));
    server_log.error("x");
    server_log.security({"a", "b", "c", "d", "e"});
    server_log.write_unescaped(severity::error, "x");
    BOOST_TEST(server_log.reopen());
    server_log.flush();
    BOOST_TEST(server_log.dropped() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
