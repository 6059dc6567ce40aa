#include "http/field_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(field_rules_and_defaults)

using named_values = std::vector<named_value>;

field_rules rules_of(const named_values& values) {
    auto rules = field_rules::parse(values);
    BOOST_TEST_REQUIRE(rules.has_value(), rules.error());
    return *rules;
}

std::string error_of(const named_values& values) {
    const auto rules = field_rules::parse(values);
    return rules ? std::string() : rules.error();
}

BOOST_AUTO_TEST_CASE(makes_lines_of_what_is_set) {
    const auto rules = rules_of({{"X-Frame-Options", "DENY"},
                                 {"Referrer-Policy", std::nullopt},
                                 {"Server", " \tmine "},
                                 {"Set-Cookie", "a=b; HttpOnly"},
                                 {"X-Text", "tab\tand \xC3\xBC"}});
    BOOST_TEST(rules.lines() ==
               "X-Frame-Options: DENY\r\nServer: mine\r\nSet-Cookie: a=b; HttpOnly\r\nX-Text: tab\tand "
               "\xC3\xBC\r\n");
    BOOST_TEST(rules_of({}).lines().empty());
    BOOST_TEST(field_rules().lines().empty());
}

BOOST_AUTO_TEST_CASE(refuses_what_would_break_a_head) {
    const named_value rows[] = {
        {"", "v"},         {"X Y", "v"},          {"X:", "v"},       {"X\r\nY", "v"},    {"X\0"s, "v"},
        {"\xC3\xBC", "v"}, {"X\n", std::nullopt}, {" X", "v"},       {"X", "a\r\nY: b"}, {"X", "a\n"},
        {"X", "a\r"},      {"X", "a\0b"s},        {"X", "a\x1b[2J"}, {"X", "a\x7f"},     {"X", ""},
        {"X", " \t "},
    };
    for (const auto& row : rows) {
        const auto wrong = error_of({row});
        BOOST_TEST(!wrong.empty(), row.name);
        BOOST_TEST(field_rules::check(row).value() == wrong);
        // The message itself must be safe to print.
        for (const char c : wrong) BOOST_TEST((c >= ' ' && c <= '~'));
    }
}

BOOST_AUTO_TEST_CASE(refuses_fields_that_are_not_the_configurations) {
    struct {
        std::string_view name, advice;
    } const rows[] = {
        {"Allow", "the server decides"},
        {"Connection", "the server decides"},
        {"Content-Encoding", "the server decides"},
        {"Content-Length", "the server decides"},
        {"content-length", "the server decides"},
        {"Content-Range", "the server decides"},
        {"Content-Type", "the server decides"},
        {"Date", "the server decides"},
        {"ETag", "the server decides"},
        {"Fairlead-Durability", "the server decides"},
        {"Keep-Alive", "the server decides"},
        {"Last-Modified", "the server decides"},
        {"Location", "the server decides"},
        {"Proxy-Authenticate", "the server decides"},
        {"Proxy-Connection", "the server decides"},
        {"Retry-After", "the server decides"},
        {"TE", "the server decides"},
        {"Trailer", "the server decides"},
        {"TRANSFER-ENCODING", "the server decides"},
        {"Upgrade", "the server decides"},
        {"Vary", "the server decides"},
        {"WWW-Authenticate", "the server decides"},
        {"X-Request-Id", "the server decides"},
        {"Access-Control-Allow-Origin", "use \"cors\""},
        {"access-control-anything", "use \"cors\""},
        {"Cache-Control", "use \"cache_control\""},
        {"Strict-Transport-Security", "belongs to TLS"},
    };
    for (const auto& row : rows)
        for (const auto& value : {std::optional<std::string>("v"), std::optional<std::string>()}) {
            const auto wrong = error_of({{std::string(row.name), value}});
            BOOST_TEST(wrong.find(row.advice) != std::string::npos, row.name << ": " << wrong);
            BOOST_TEST(wrong.find(row.name) != std::string::npos, row.name << ": " << wrong);
        }
    for (const auto* name :
         {"Server", "Set-Cookie", "Access-Contro", "X-Access-Control-Allow-Origin", "T", "Link"})
        BOOST_TEST(error_of({{name, "v"}}).empty(), name);
}

BOOST_AUTO_TEST_CASE(refuses_repeated_names) {
    BOOST_TEST(error_of({{"X-A", "1"}, {"x-a", "2"}}) == "\"x-a\" is named twice: keep one of them");
    BOOST_TEST(!error_of({{"X-A", "1"}, {"X-B", "1"}, {"X-A", std::nullopt}}).empty());
    BOOST_TEST(!error_of({{"Set-Cookie", "a=b"}, {"Set-Cookie", "c=d"}}).empty());
    BOOST_TEST(error_of({{"X-A", "1"}, {"X-B", "1"}}).empty());
}

BOOST_AUTO_TEST_CASE(limits_the_whole_exactly) {
    const std::string fits(max_field_rule_bytes - 5, 'v');  // "X", ": ", CRLF
    BOOST_TEST(error_of({{"X", fits}}).empty());
    BOOST_TEST(rules_of({{"X", fits}}).lines().size() == max_field_rule_bytes);
    BOOST_TEST(error_of({{"X", fits + "v"}}).find("4096 bytes") != std::string::npos);
    BOOST_TEST(!error_of({{"X", fits}, {"Y", "v"}}).empty());
    named_values removals;
    for (int i = 0; i < 100'000; ++i) removals.push_back({"X-" + std::to_string(i), std::nullopt});
    BOOST_TEST(error_of(removals).find("4096 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(overrides_what_a_handler_says) {
    const auto rules = rules_of({{"X-Frame-Options", "DENY"}, {"Referrer-Policy", std::nullopt}});
    BOOST_TEST(rules.overrides("X-Frame-Options"));
    BOOST_TEST(rules.overrides("x-frame-options"));
    BOOST_TEST(rules.overrides("REFERRER-POLICY"));
    for (const auto* name : {"", "X-Frame-Option", "X-Frame-Options2", "Referrer", "Date"})
        BOOST_TEST(!rules.overrides(name), name);
    BOOST_TEST(!field_rules().overrides("Date"));
}

BOOST_AUTO_TEST_CASE(filters_lines) {
    const auto rules = rules_of({{"X-A", "new"}, {"X-B", std::nullopt}});
    struct {
        std::string_view lines, kept;
    } const rows[] = {
        {"", ""},
        {"X-A: 1\r\n", ""},
        {"Date: x\r\n", "Date: x\r\n"},
        {"x-a: 1\r\nDate: x\r\nX-B: 2\r\nETag: y\r\nX-a: 3\r\n", "Date: x\r\nETag: y\r\n"},
        {"Date: X-A: 1\r\nX-AB: 1\r\nX-: 1\r\n", "Date: X-A: 1\r\nX-AB: 1\r\nX-: 1\r\n"},
        {"Date: x\r\nX-A: cut", "Date: x\r\n"},
        {"Date: x\r\nX-C: cut", "Date: x\r\nX-C: cut"},
        {"\r\n\r\n", "\r\n\r\n"},
    };
    for (const auto& row : rows) {
        BOOST_TEST(rules.filter(row.lines) == row.kept, row.lines);
        field_block block;
        block.add_prebuilt(row.lines);
        rules.apply(block);
        BOOST_TEST(block.text() == row.kept, row.lines);
        field_block untouched;
        untouched.add_prebuilt(row.lines);
        field_rules().apply(untouched);
        BOOST_TEST(untouched.text() == row.lines);
    }
}

BOOST_AUTO_TEST_CASE(never_takes_a_content_security_policy_away) {
    const std::string handlers = "Content-Security-Policy: default-src 'none'\r\n";
    for (const auto& value :
         {std::optional<std::string>("frame-ancestors 'self'"), std::optional<std::string>()}) {
        const auto rules = rules_of({{"content-security-policy", value}});
        BOOST_TEST(!rules.overrides("Content-Security-Policy"));
        BOOST_TEST(rules.filter(handlers) == handlers);
        field_block block;
        block.add_prebuilt(handlers);
        rules.apply(block);
        BOOST_TEST(block.text() == handlers);
    }
    BOOST_TEST(rules_of({{"content-security-policy", "x"}}).lines() == "content-security-policy: x\r\n");
    BOOST_TEST(rules_of({{"content-security-policy", std::nullopt}}).lines().empty());
}

BOOST_AUTO_TEST_CASE(merges_in_place) {
    const named_values parent{{"X-A", "1"}, {"X-B", "2"}, {"X-C", std::nullopt}};
    const named_values child{{"X-D", "4"}, {"x-b", std::nullopt}, {"X-C", "3"}, {"X-E", std::nullopt}};
    const named_values merged{
        {"X-A", "1"}, {"x-b", std::nullopt}, {"X-C", "3"}, {"X-D", "4"}, {"X-E", std::nullopt}};
    BOOST_TEST((merge(parent, child) == merged));
    BOOST_TEST((merge(parent, {}) == parent));
    BOOST_TEST((merge({}, child) == child));
    BOOST_TEST(rules_of(merge(parent, child)).lines() == "X-A: 1\r\nX-C: 3\r\nX-D: 4\r\n");
}

BOOST_AUTO_TEST_CASE(defaults_can_each_be_removed) {
    const auto& defaults = default_security_fields();
    const auto lines = std::string(rules_of(defaults).lines());
    for (const std::string_view line :
         {"X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: strict-origin-when-cross-origin\r\n",
          "Content-Security-Policy: frame-ancestors 'self'\r\n",
          "Cross-Origin-Opener-Policy: same-origin\r\n", "Cross-Origin-Resource-Policy: same-origin\r\n"})
        BOOST_TEST(lines.find(line) != std::string::npos, line);
    for (const std::string_view feature : {"camera", "geolocation", "microphone", "payment", "usb"})
        BOOST_TEST(lines.find(std::string(feature) + "=()") != std::string::npos, feature);
    BOOST_TEST(defaults.size() == 6u);
    for (const auto& one : defaults) {
        const auto rest = rules_of(merge(defaults, {{one.name, std::nullopt}}));
        BOOST_TEST(rest.lines().find(one.name + ": ") == std::string_view::npos, one.name);
        BOOST_TEST(rest.lines().size() == lines.size() - one.name.size() - one.value->size() - 4);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
