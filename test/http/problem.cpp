#include "http/problem.hpp"

#include "http/refusal.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

namespace fairlead::http {
namespace {

std::string text_of(const response& answer) { return std::get<std::string>(answer.body); }

BOOST_AUTO_TEST_SUITE(problem_)

BOOST_AUTO_TEST_CASE(maps_errors_to_statuses) {
    struct {
        error_code error;
        unsigned code;
        bool close = false;
        bool has_retry_after = false;
    } const rows[] = {
        {errno_code(ENOENT), 404},
        {errno_code(ENOTDIR), 404},
        {errno_code(EACCES), 403},
        {errno_code(EPERM), 403},
        {errno_code(ELOOP), 403},
        {errno_code(EXDEV), 403},
        {errno_code(ENXIO), 403},
        {errno_code(ENAMETOOLONG), 414},
        {errno_code(ENOSPC), 507},
        {errno_code(EDQUOT), 507},
        {errno_code(EMFILE), 503, false, true},
        {errno_code(ENFILE), 503, false, true},
        {errno_code(EIO), 500},
        {make_error_code(errc::timeout), 408, true},
        {make_error_code(errc::too_large), 413, true},
        {make_error_code(errc::overloaded), 503, false, true},
        {make_error_code(errc::bad_framing), 400, true},
        {make_error_code(errc::end_of_stream), 400, true},
        {make_error_code(errc::file_changed), 500},
        {{ENOENT, boost::system::generic_category()}, 404},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.error.message()) {
            const auto answer = problem_from(row.error);
            BOOST_TEST(static_cast<unsigned>(answer.status) == row.code);
            BOOST_TEST(answer.close == row.close);
            BOOST_TEST(answer.fields.get("Retry-After").empty() != row.has_retry_after);
            BOOST_TEST(answer.log_detail == row.error.message());
            BOOST_TEST(!answer.detail.empty());
            BOOST_TEST(answer.detail.find(answer.log_detail) == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(names_statuses) {
    struct {
        unsigned code;
        std::string_view phrase;
    } const rows[] = {{200, "OK"},
                      {404, "Not Found"},
                      {413, "Content Too Large"},
                      {421, "Misdirected Request"},
                      {422, "Unprocessable Content"},
                      {431, "Request Header Fields Too Large"},
                      {505, "HTTP Version Not Supported"},
                      {507, "Insufficient Storage"},
                      {299, "Unknown Status"}};
    for (const auto& row : rows) BOOST_TEST(reason_phrase(static_cast<status>(row.code)) == row.phrase);
}

BOOST_AUTO_TEST_CASE(keeps_a_refusal_whole) {
    const auto answer = to_problem(
        {.status = status::forbidden, .detail = "No.", .close = true, .event = security_event::traversal});
    BOOST_TEST((answer.status == status::forbidden));
    BOOST_TEST(answer.detail == "No.");
    BOOST_TEST(answer.close);
    BOOST_TEST((answer.event == security_event::traversal));
}

BOOST_AUTO_TEST_CASE(renders_problem_json) {
    problem refusal;
    refusal.status = status::insufficient_storage;
    refusal.detail = "a \"quoted\" \\ <b>\n\x01";
    refusal.log_detail = "/secret/path";
    refusal.close = true;
    refusal.fields.add("Retry-After", "5");
    const auto answer = render(refusal, "application/json", "id-1");
    BOOST_TEST((answer.status == status::insufficient_storage));
    BOOST_TEST(answer.close);
    BOOST_TEST(answer.fields.get("Content-Type") == "application/problem+json");
    BOOST_TEST(answer.fields.get("Vary") == "Accept");
    BOOST_TEST(answer.fields.get("Retry-After") == "5");
    const auto json = boost::json::parse(text_of(answer)).as_object();
    BOOST_TEST(json.at("type").as_string() == "about:blank");
    BOOST_TEST(json.at("title").as_string() == "Insufficient Storage");
    BOOST_TEST(json.at("status").as_int64() == 507);
    BOOST_TEST(json.at("detail").as_string() == refusal.detail);
    BOOST_TEST(json.at("request_id").as_string() == "id-1");
    BOOST_TEST(json.size() == 5u);
}

BOOST_AUTO_TEST_CASE(renders_an_escaped_page) {
    problem refusal;
    refusal.status = status::not_found;
    refusal.detail = "<script>alert('x') & \"y\"</script>";
    refusal.log_detail = "/secret/path";
    const auto answer = render(refusal, "", "<id>");
    const auto page = text_of(answer);
    BOOST_TEST(answer.fields.get("Content-Type") == "text/html; charset=utf-8");
    BOOST_TEST(answer.fields.get("Vary") == "Accept");
    BOOST_TEST(page.starts_with("<!doctype html>\n"));
    BOOST_TEST(page.find("404 Not Found") != std::string::npos);
    BOOST_TEST(page.find("&lt;script&gt;alert(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;") !=
               std::string::npos);
    BOOST_TEST(page.find("&lt;id&gt;") != std::string::npos);
    BOOST_TEST(page.find("<script") == std::string::npos);
    BOOST_TEST(page.find("secret") == std::string::npos);
    BOOST_TEST(page.find("http:") == std::string::npos);
    BOOST_TEST(page.size() < 1024u);
}

BOOST_AUTO_TEST_CASE(stays_utf8_whatever_the_detail_holds) {
    problem refusal;
    refusal.detail = "bad \xFF byte";
    for (const auto* const accept : {"application/json", "text/html"}) {
        const auto text = text_of(render(refusal, accept, "id"));
        BOOST_TEST(text.find("bad ? byte") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
