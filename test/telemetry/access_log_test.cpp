#include "telemetry/access_log.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace fairlead::telemetry;
using namespace std::chrono_literals;

namespace {

access_record plain_record() {
    access_record record;
    record.peer = "192.0.2.7";
    record.peer_port = 50412;
    record.user = "ann";
    record.method = "GET";
    record.target = "/a?q=1";
    record.protocol = "HTTP/1.1";
    record.host = "a.example";
    record.referer = "http://r.example/";
    record.user_agent = "curl/8.0";
    record.request_id = "4f2c";
    record.status = 200;
    record.bytes_sent = 512;
    record.bytes_received = 7;
    record.duration = 123'456ns;
    record.first_byte = 101'999ns;
    record.time = std::chrono::system_clock::time_point(1'767'323'045'678'901us);
    return record;
}

std::string line_of(access_format format, const access_record& record) {
    std::vector<std::string> lines;
    access_log(lines, format).write(record);
    BOOST_TEST_REQUIRE(lines.size() == 1u);
    return lines.front();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(access_log_lines)

BOOST_AUTO_TEST_CASE(common_and_combined_begin_as_those_of_nginx) {
    BOOST_TEST(line_of(access_format::common, plain_record()) ==
               R"(192.0.2.7 - ann [02/Jan/2026:03:04:05 +0000] "GET /a?q=1 HTTP/1.1" 200 512 0.000123 4f2c)");
    BOOST_TEST(
        line_of(access_format::combined, plain_record()) ==
        R"(192.0.2.7 - ann [02/Jan/2026:03:04:05 +0000] "GET /a?q=1 HTTP/1.1" 200 512 "http://r.example/" "curl/8.0" )"
        R"(0.000123 4f2c)");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_a_dash) {
    access_record record;
    record.peer = "2001:db8::1";
    record.status = 400;
    BOOST_TEST(line_of(access_format::combined, record) ==
               R"(2001:db8::1 - - [01/Jan/1970:00:00:00 +0000] "-" 400 0 "-" "-" 0.000000 -)");
}

BOOST_AUTO_TEST_CASE(who_asks_is_told_beside_who_is_connected) {
    access_record record = plain_record();
    record.client = "2001:db8::7";
    BOOST_TEST(line_of(access_format::common, record).starts_with("2001:db8::7 - ann ["));
    const auto request = boost::json::parse(line_of(access_format::json, record)).at("request");
    BOOST_TEST(request.at("remote_ip").as_string() == "192.0.2.7");
    BOOST_TEST(request.at("client_ip").as_string() == "2001:db8::7");
    record.user = "";
    BOOST_TEST(line_of(access_format::common, record).starts_with("2001:db8::7 - - ["));
    // A name is one field, whatever it is made of.
    record.user = "a b] \"c\"\n\xC3\xA9";
    BOOST_TEST(line_of(access_format::common, record)
                   .starts_with(R"(2001:db8::7 - a\x20b]\x20\x22c\x22\x0A\xC3\xA9 [02/Jan)"));
}

BOOST_AUTO_TEST_CASE(no_field_can_leave_its_quotes_or_its_line) {
    access_record record = plain_record();
    record.target = "/\"\n\\\xC3\xA9";
    record.user_agent = "x\" 200 1\r\n192.0.2.99 - -";
    record.referer = "\x1b[2J";
    record.request_id = "a b";
    BOOST_TEST(
        line_of(access_format::combined, record) ==
        R"(192.0.2.7 - ann [02/Jan/2026:03:04:05 +0000] "GET /\x22\x0A\x5C\xC3\xA9 HTTP/1.1" 200 512 "\x1B[2J" )"
        R"("x\x22 200 1\x0D\x0A192.0.2.99 - -" 0.000123 a\x20b)");
}

BOOST_AUTO_TEST_CASE(no_field_tells_a_password) {
    access_record record = plain_record();
    record.target = "http://ann:pass/word@a.example/";
    record.host = "ann:password@a.example";
    record.referer = "https://ann:password@r.example/x?y";
    for (const auto form : {access_format::combined, access_format::json}) {
        const auto line = line_of(form, record);
        BOOST_TEST(line.find("word") == std::string::npos, line);
        BOOST_TEST(line.find("pass") == std::string::npos, line);
        BOOST_TEST(line.find("https://***@r.example/x?y\"") != std::string::npos, line);
    }
    // An address without one stays whole.
    record.referer = "https://r.example/@ann/x?y=a@b";
    BOOST_TEST(line_of(access_format::combined, record).find("\"https://r.example/@ann/x?y=a@b\"") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(json_has_the_names_of_caddy) {
    BOOST_TEST(
        line_of(access_format::json, plain_record()) ==
        R"({"level":"info","ts":1767323045.678901,"logger":"http.log.access","msg":"handled request",)"
        R"("request":{"remote_ip":"192.0.2.7","remote_port":"50412","client_ip":"192.0.2.7","proto":"HTTP/1.1","method":"GET",)"
        R"("host":"a.example","uri":"/a?q=1","headers":{"User-Agent":["curl/8.0"],)"
        R"("Referer":["http://r.example/"]}},"bytes_read":7,"user_id":"ann","duration":0.000123,"size":512,"status":200,)"
        R"("request_id":"4f2c","ttfb":0.000101,"shed":false})");
    access_record record;
    record.status = 503;
    record.shed = true;
    record.referer = "r";
    BOOST_TEST(
        line_of(access_format::json, record) ==
        R"({"level":"error","ts":0.000000,"logger":"http.log.access","msg":"handled request",)"
        R"("request":{"remote_ip":"","remote_port":"0","client_ip":"","proto":"","method":"","host":"","uri":"",)"
        R"("headers":{"Referer":["r"]}},"bytes_read":0,"user_id":"","duration":0.000000,"size":0,"status":503,)"
        R"("request_id":"","ttfb":0.000000,"shed":true})");
}

BOOST_AUTO_TEST_CASE(json_stays_json_whatever_the_client_sends) {
    std::string every_byte;
    for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
    access_record record = plain_record();
    record.method = record.target = record.host = record.referer = record.user_agent = every_byte;
    const std::string line = line_of(access_format::json, record);
    const auto parsed = boost::json::parse(line).as_object();
    const auto& uri = parsed.at("request").at("uri").as_string();
    BOOST_TEST(std::string_view(uri).starts_with(std::string_view(every_byte).substr(0, 128)));
    BOOST_TEST(parsed.at("status").as_int64() == 200);
}

BOOST_AUTO_TEST_CASE(off_writes_nothing) {
    std::vector<std::string> lines;
    access_log log(lines, access_format::off);
    log.write(plain_record());
    BOOST_TEST(lines.empty());
    for (const unsigned status : {200u, 404u}) {
        BOOST_TEST(!log.wants(status));
        BOOST_TEST(!access_log().wants(status));
        BOOST_TEST(!access_log(access_log_options{}).wants(status));
    }
}

BOOST_AUTO_TEST_CASE(each_class_has_a_log_of_its_own) {
    std::vector<std::string> all, successes, failures;
    access_log log(all, access_format::combined);
    log.capture(successes, access_class::success, access_format::common);
    log.capture(failures, access_class::failure, access_format::json);
    auto record = plain_record();
    for (const unsigned status : {100u, 200u, 304u, 399u, 400u, 404u, 503u}) {
        record.status = status;
        BOOST_TEST(log.wants(status));
        log.write(record);
    }
    BOOST_TEST(all.size() == 7u);
    BOOST_TEST(successes.size() == 4u);
    BOOST_TEST_REQUIRE(failures.size() == 3u);
    BOOST_TEST(all[3].find("\" 399 ") != std::string::npos);
    BOOST_TEST(successes[3].find("\" 399 ") != std::string::npos);
    BOOST_TEST(failures[0].find(R"("status":400)") != std::string::npos);
    // Each line is what a log of this form alone would have.
    BOOST_TEST(all[6] == line_of(access_format::combined, record));
    BOOST_TEST(failures[2] == line_of(access_format::json, record));
    record.status = 200;
    BOOST_TEST(successes[1] == line_of(access_format::common, record));
}

BOOST_AUTO_TEST_CASE(logs_of_any_forms_get_their_own_whatever_the_order) {
    const access_format forms[] = {access_format::common, access_format::combined, access_format::json};
    for (const auto first : forms)
        for (const auto second : forms) {
            std::vector<std::string> all, failures;
            access_log log(all, first);
            log.capture(failures, access_class::failure, second);
            auto record = plain_record();
            record.status = 404;
            log.write(record);
            BOOST_TEST_REQUIRE(all.size() == 1u);
            BOOST_TEST_REQUIRE(failures.size() == 1u);
            BOOST_TEST(all[0] == line_of(first, record));
            BOOST_TEST(failures[0] == line_of(second, record));
        }
}

BOOST_AUTO_TEST_CASE(a_log_of_one_class_asks_for_nothing_of_the_other) {
    std::vector<std::string> failures;
    access_log log;
    log.capture(failures, access_class::failure, access_format::json);
    BOOST_TEST(!log.wants(200));
    BOOST_TEST(!log.wants(304));
    BOOST_TEST(log.wants(404));
    log.write(plain_record());
    BOOST_TEST(failures.empty());
}

BOOST_AUTO_TEST_SUITE_END()
