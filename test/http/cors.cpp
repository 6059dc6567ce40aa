#include "http/cors.hpp"

#include "base/text.hpp"
#include "fields.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(cors)

constexpr std::string_view app = "https://app.example.org";
constexpr auto method = field::access_control_request_method;
constexpr auto headers = field::access_control_request_headers;

cors_policy policy_of(const cors_options& options) {
    auto policy = cors_policy::parse(options);
    BOOST_TEST_REQUIRE(policy.has_value(), policy.error());
    return *policy;
}

cors_policy policy_for(std::vector<std::string> origins) {
    cors_options options;
    options.origins = std::move(origins);
    return policy_of(options);
}

cors_options full_options() {
    cors_options options;
    options.origins = {std::string(app), "https://*.example.net:8443"};
    options.credentials = true;
    options.methods = {"GET", "PUT"};
    options.headers = {"Content-Type", "X-Token"};
    options.expose = {"ETag", "X-Request-Id"};
    options.max_age = std::chrono::minutes(5);
    return options;
}

request ask(verb what, const test_fields& fields) {
    request asked;
    asked.method = what;
    asked.fields = fields.table();
    return asked;
}

std::string preflight_text(const cors_policy& policy, const test_fields& fields) {
    const auto answer = policy.preflight(ask(verb::options, fields));
    BOOST_TEST((answer.status == status::no_content));
    BOOST_TEST(body_length(answer.body) == 0u);
    return std::string(answer.fields.text());
}

std::string answer_text(const cors_policy& policy, const test_fields& fields) {
    field_block block;
    policy.add_fields(ask(verb::get, fields), block);
    return std::string(block.text());
}

/// Whether each of the origins, which spaces divide, is allowed or not.
void check_each(const cors_policy& policy, std::string_view origins, bool is_allowed) {
    for (const auto origin : split(origins, ' ')) BOOST_TEST(policy.allows(origin) == is_allowed, origin);
}

BOOST_AUTO_TEST_CASE(exact_origins_are_compared_byte_by_byte) {
    const auto policy = policy_for({"https://app.example.org", "HTTPS://Upper.Example.ORG",
                                    "https://default.test:443", "http://default.test:080",
                                    "http://other.test:443", "https://empty.test:", "http://[::1]:3000",
                                    "capacitor://localhost", "https://dot.test."});
    check_each(policy,
               "https://app.example.org https://upper.example.org https://default.test http://default.test "
               "http://other.test:443 https://empty.test http://[::1]:3000 capacitor://localhost "
               "https://dot.test.",
               true);
    check_each(policy,
               "null * https://APP.example.org HTTPS://app.example.org http://app.example.org "
               "https://app.example.org:443 https://app.example.org:8443 https://app.example.org/ "
               "https://app.example.org. https://app.example.org.evil.test https://app.example.or "
               "https://evil.test/https://app.example.org https://xapp.example.org "
               "https://x.app.example.org https://user@app.example.org http://[::1] https://dot.test",
               false);
    for (const auto origin :
         {""sv, " https://app.example.org"sv, "https://app.example.org\0"sv,
          "https://app.example.org https://app.example.org"sv, "https://app.example.org\r\nX: y"sv})
        BOOST_TEST(!policy.allows(origin), origin);
}

BOOST_AUTO_TEST_CASE(patterns_stand_for_labels) {
    const auto policy = policy_for({"HTTPS://*.Example.org:443", "http://*.example.net:8080"});
    check_each(policy,
               "https://a.example.org https://a.b.example.org https://a-1.example.org "
               "https://evil.net.example.org http://a.example.net:8080",
               true);
    check_each(policy,
               "https://example.org https://.example.org https://evilexample.org "
               "https://example.org.evil.net https://a.example.org.evil.net https://a.example.org:444 "
               "https://a.example.org:443 https://a.example.org. https://a.example.org/ "
               "http://a.example.org https://A.example.org https://a.EXAMPLE.org https://a..example.org "
               "https://..example.org https://evil.net/.example.org https://evil.net\\.example.org "
               "https://evil.net?.example.org https://evil.net#.example.org "
               "https://evil.net:80.example.org https://evil.net:.example.org "
               "https://evil.net:80@a.example.org https://user@a.example.org "
               "https://evil.net%2f.example.org https://[::1].example.org https://*.example.org "
               "https://a\x80.example.org null https:// http://a.example.net http://a.example.net:80801 "
               "https://a.example.net:8080",
               false);
    for (const auto origin : {"https://evil.net .example.org"sv, "https:// https://a.example.org"sv,
                              "https://evil.net\0.example.org"sv, "https://evil.net\r\n.example.org"sv})
        BOOST_TEST(!policy.allows(origin), origin);
    BOOST_TEST(policy.allows("https://" + std::string(63, 'a') + ".example.org"));
    BOOST_TEST(!policy.allows("https://" + std::string(64, 'a') + ".example.org"));
    BOOST_TEST(!policy.allows("https://" + std::string(65536, 'a') + ".example.org"));
    std::string labels;
    while (labels.size() < 65536) labels += "a.";
    BOOST_TEST(!policy.allows("https://" + labels + "a.example.org"));
}

BOOST_AUTO_TEST_CASE(null_counts_only_when_it_is_listed) {
    BOOST_TEST(!policy_for({std::string(app)}).allows("null"));
    BOOST_TEST(!policy_for({"https://*.example.org"}).allows("null"));
    const auto policy = policy_for({"null"});
    BOOST_TEST(policy.allows("null"));
    BOOST_TEST(!policy.allows("NULL"));
    BOOST_TEST(!policy.allows(""));
    BOOST_TEST(answer_text(policy, {{field::origin, "null"}}) ==
               "Vary: Origin\r\nAccess-Control-Allow-Origin: null\r\n");
}

BOOST_AUTO_TEST_CASE(refuses_texts_that_are_no_origins) {
    struct {
        std::string_view texts, remedy;
    } const rows[] = {
        {"", "its scheme"},
        {"app.example.org https:/app.example.org //app.example.org ://app.example.org", "its scheme"},
        {"*://app.example.org ht,tp://app.example.org 1http://app.example.org NULL **", "its scheme"},
        {"https://app.example.org/ https://app.example.org/path https://app.example.org?q", "not even a '/'"},
        {"https://app.example.org#f https://app.example.org\\ https://a,https://b", "not even a '/'"},
        {"https://*.example.org/ https://*/", "not even a '/'"},
        {"https:// https://user@app.example.org https://app.example.org:99999", "write a host"},
        {"https://app.example.org:x https://b\xC3\xBC.example https://a\r\nX: https://a..b", "write a host"},
        {"https://[::x] https://*. https://*..org https://*.[::1] https://a\tb", "write a host"},
        {"https://* https://*:8443 https://** https://*example.org", "first labels"},
        {"https://a.*.example.org https://*.*.example.org https://*.example.*", "first labels"},
        {"https://*.example.org:*", "first labels"},
        {"https://*.org https://*.org. https://*.org:8443 https://*.localhost", "two labels"},
    };
    for (const auto& row : rows)
        for (const auto text : split(row.texts, ' ')) {
            const auto wrong = cors_policy::check_origin(text);
            BOOST_TEST_REQUIRE(wrong.has_value(), text);
            BOOST_TEST(wrong->find(row.remedy) != std::string::npos, text << ": " << *wrong);
            cors_options options;
            options.origins = {std::string(app), std::string(text)};
            BOOST_TEST(!cors_policy::parse(options).has_value());
        }
    for (const auto text : split("* null https://a https://*.a.b https://*.a.b.:1 http://127.0.0.1:1", ' '))
        BOOST_TEST(!cors_policy::check_origin(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(names_what_is_wrong_with_the_options) {
    const auto with = [](auto change) {
        auto options = full_options();
        change(options);
        const auto policy = cors_policy::parse(options);
        return policy ? std::string() : policy.error();
    };
    using o = cors_options;
    struct {
        std::string error;
        std::string_view part;
    } const rows[] = {
        {with([](o& x) { x.origins = {}; }), "\"origins\" is empty"},
        {with([](o& x) { x.origins = {"*"}; }), "cannot go with \"credentials\""},
        {with([](o& x) { x.origins.push_back("*"); }), "cannot go with \"credentials\""},
        {with([](o& x) { x.origins.push_back("null"); }), "any site can make a frame"},
        {with([](o& x) { x.origins = {"https://a/"}; }), "origin \"https://a/\": write scheme"},
        {with([](o& x) { x.origins = {std::string(app), "*"}, x.credentials = false; }), "allows everybody"},
        {with([](o& x) { x.methods = {}; }), "\"methods\" is empty"},
        {with([](o& x) { x.methods = {"*"}; }), "\"*\" in \"methods\""},
        {with([](o& x) { x.headers = {"*"}; }), "\"*\" in \"headers\""},
        {with([](o& x) { x.expose = {"*"}; }), "\"*\" in \"expose\""},
        {with([](o& x) { x.methods = {"GET", "put"}; }), "\"put\" in \"methods\" is in lower case"},
        {with([](o& x) { x.methods = {"TRACE"}; }), "no browser"},
        {with([](o& x) { x.methods = {"G T"}; }), "\"methods\" has an entry"},
        {with([](o& x) { x.headers = {""}; }), "\"headers\" has an entry"},
        {with([](o& x) { x.headers = {"X-A, X-B"}; }), "\"headers\" has an entry"},
        {with([](o& x) { x.headers = {"X-A\r\nX-B"}; }), "\"headers\" has an entry"},
        {with([](o& x) { x.headers = {"X-*"}; }), "no pattern"},
        {with([](o& x) { x.expose = {"X:"}; }), "\"expose\" has an entry"},
        {with([](o& x) { x.expose = {std::string(2047, 'x')}; }), "more than 2048 bytes"},
        {with([](o& x) { x.max_age = std::chrono::seconds(-1); }), "between 0 and 24 hours"},
        {with([](o& x) { x.max_age = std::chrono::seconds(86401); }), "between 0 and 24 hours"},
        {with([](o& x) { x.expose = {std::string(2046, 'x')}; }), ""},
        {with([](o& x) { x.max_age = std::chrono::hours(24); }), ""},
        {with([](o& x) { x.max_age = std::chrono::seconds(0); }), ""},
        {with([](o&) {}), ""},
    };
    for (const auto& row : rows) {
        BOOST_TEST(row.error.empty() == row.part.empty(), row.part << ": " << row.error);
        BOOST_TEST(row.error.find(row.part) != std::string::npos, row.part << ": " << row.error);
    }
}

BOOST_AUTO_TEST_CASE(knows_a_preflight) {
    const test_fields both{{field::origin, app}, {method, "PUT"}};
    const test_fields no_method{{field::origin, app}};
    const test_fields no_origin{{method, "PUT"}};
    BOOST_TEST(cors_policy::is_preflight(ask(verb::options, both)));
    BOOST_TEST(!cors_policy::is_preflight(ask(verb::options, no_method)));
    BOOST_TEST(!cors_policy::is_preflight(ask(verb::options, no_origin)));
    BOOST_TEST(!cors_policy::is_preflight(ask(verb::get, both)));
    BOOST_TEST(!cors_policy::is_preflight(ask(verb::unknown, both)));
}

BOOST_AUTO_TEST_CASE(permits_a_preflight) {
    const auto policy = policy_of(full_options());
    const std::string vary =
        "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n";
    const std::string lists =
        "Access-Control-Allow-Methods: GET, PUT\r\nAccess-Control-Allow-Headers: Content-Type, X-Token\r\n"
        "Access-Control-Max-Age: 300\r\nAccess-Control-Allow-Credentials: true\r\n";
    const std::string permitted = vary + "Access-Control-Allow-Origin: https://app.example.org\r\n" + lists;
    BOOST_TEST(preflight_text(policy, {{field::origin, app}, {method, "PUT"}}) == permitted);
    BOOST_TEST(preflight_text(policy, {{field::origin, app}, {method, "GET"}}) == permitted);
    BOOST_TEST(preflight_text(policy, {{field::origin, "https://a.example.net:8443"}, {method, "PUT"}}) ==
               vary + "Access-Control-Allow-Origin: https://a.example.net:8443\r\n" + lists);
    const test_fields refused[] = {
        {{field::origin, app}, {method, "DELETE"}},
        {{field::origin, app}, {method, "POST"}},
        {{field::origin, app}, {method, "put"}},
        {{field::origin, app}, {method, ""}},
        {{field::origin, app}, {method, "GET, PUT"}},
        {{field::origin, app}, {method, "PUT"}, {method, "PUT"}},
        {{field::origin, app}, {field::origin, app}, {method, "PUT"}},
        {{field::origin, app}, {field::origin, "https://evil.test"}, {method, "PUT"}},
        {{field::origin, "https://evil.test"}, {method, "PUT"}},
        {{field::origin, "null"}, {method, "PUT"}},
        {{field::origin, ""}, {method, "PUT"}},
        {{field::origin, "*"}, {method, "PUT"}},
    };
    for (const auto& fields : refused) BOOST_TEST(preflight_text(policy, fields) == vary);
}

BOOST_AUTO_TEST_CASE(repeats_nothing_of_what_is_asked) {
    const auto policy = policy_of(full_options());
    const auto usual = preflight_text(policy, {{field::origin, app}, {method, "PUT"}});
    std::string many;
    while (many.size() < 65536) many += "x-" + std::to_string(many.size()) + ",";
    for (const std::string_view asked : {"x-token"sv, "x-evil"sv, ""sv, ",,,"sv, "x\r\nSet-Cookie: a=b"sv,
                                         "\""sv, "*"sv, std::string_view(many)})
        BOOST_TEST(preflight_text(policy, {{field::origin, app}, {method, "PUT"}, {headers, asked}}) ==
                   usual);
    BOOST_TEST(preflight_text(policy, {{field::origin, many}, {method, many}, {headers, many}}).size() <
               100u);
}

BOOST_AUTO_TEST_CASE(private_network_access_is_not_answered) {
    const field_view lines[] = {{field::origin, "Origin", app},
                                {method, "Access-Control-Request-Method", "PUT"},
                                {field::unknown, "Access-Control-Request-Private-Network", "true"}};
    request asked;
    asked.method = verb::options;
    asked.fields = field_table(lines);
    const auto answer = policy_of(full_options()).preflight(asked);
    BOOST_TEST(answer.fields.get("Access-Control-Allow-Origin") == app);
    BOOST_TEST(answer.fields.get("Access-Control-Allow-Private-Network").empty());
}

BOOST_AUTO_TEST_CASE(everybody_is_answered_with_a_star) {
    cors_options options;
    options.origins = {"*"};
    options.methods = {"*"};
    options.headers = {"*", "Authorization"};
    options.expose = {"*"};
    const auto policy = policy_of(options);
    const std::string vary = "Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n";
    const auto permitted =
        vary +
        "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: *\r\n"
        "Access-Control-Allow-Headers: *, Authorization\r\nAccess-Control-Max-Age: 600\r\n";
    for (const auto origin : {"https://any.test", "null", "", "x\r\nY: z"})
        BOOST_TEST(preflight_text(policy, {{field::origin, origin}, {method, "DELETE"}}) == permitted,
                   origin);
    BOOST_TEST(preflight_text(policy, {{field::origin, app}, {method, "no token"}}) == vary);
    const std::string every = "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n";
    BOOST_TEST(answer_text(policy, {{field::origin, "https://any.test"}}) == every);
    BOOST_TEST(answer_text(policy, {}) == every);
}

BOOST_AUTO_TEST_CASE(answers_vary_on_the_origin) {
    const auto policy = policy_of(full_options());
    BOOST_TEST(
        answer_text(policy, {{field::origin, app}}) ==
        "Vary: Origin\r\nAccess-Control-Allow-Origin: https://app.example.org\r\n"
        "Access-Control-Expose-Headers: ETag, X-Request-Id\r\nAccess-Control-Allow-Credentials: true\r\n");
    BOOST_TEST(answer_text(policy, {}) == "Vary: Origin\r\n");
    BOOST_TEST(answer_text(policy, {{field::origin, "https://evil.test"}}) == "Vary: Origin\r\n");
    BOOST_TEST(answer_text(policy, {{field::origin, app}, {field::origin, app}}) == "Vary: Origin\r\n");
    BOOST_TEST(answer_text(policy_for({std::string(app)}), {{field::origin, app}}) ==
               "Vary: Origin\r\nAccess-Control-Allow-Origin: https://app.example.org\r\n");

    field_block block;
    block.add("Vary", "Accept");
    const test_fields none{};
    policy.add_fields(ask(verb::get, none), block);
    BOOST_TEST(block.text() == "Vary: Accept\r\nVary: Origin\r\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
