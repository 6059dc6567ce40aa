#include "http/idempotency_key.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(idempotency_key)

BOOST_AUTO_TEST_CASE(reads_keys) {
    struct {
        std::string_view value, key;
    } const rows[] = {
        {"\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
        {"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
        {"KG5LxwFBepaKHyUD", "KG5LxwFBepaKHyUD"},
        {"a", "a"},
        {"\"a\"", "a"},
        {" \t\"a\"\t ", "a"},
        {" a ", "a"},
        {"\" \"", " "},
        {"\" a b \"", " a b "},
        {"\"a,b;c\"", "a,b;c"},
        {R"("a\"b\\c")", R"(a"b\c)"},
        {R"("\"")", "\""},
        {"\"!~\"", "!~"},
        {"!#$%&'()*+-./:<=>?@[]^_`{|}~", "!#$%&'()*+-./:<=>?@[]^_`{|}~"},
        {":AAAA:", ":AAAA:"},
        {"../../etc/passwd", "../../etc/passwd"},
    };
    for (const auto& row : rows) {
        const auto read = parse_idempotency_key(row.value);
        BOOST_TEST_REQUIRE(read.has_value(), row.value);
        BOOST_TEST(*read == row.key);
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_key) {
    struct {
        std::string_view value, word;
    } const rows[] = {
        {"", "empty"},
        {"  ", "empty"},
        {"\"\"", "empty"},
        {"\"", "closing quote"},
        {"\"a", "closing quote"},
        {R"("a\")", "closing quote"},
        {R"("a\)", "backslash"},
        {R"("a\"")"sv.substr(0, 3), "backslash"},
        {R"("a\n")", "backslash"},
        {"\"a\"b", "behind"},
        {"\"a\"\"", "behind"},
        {"\"a\", \"b\"", "behind"},
        {"\"a\";p=1", "behind"},
        {"a b", "without quotes"},
        {"a\tb", "without quotes"},
        {"a,b", "without quotes"},
        {"a, b", "without quotes"},
        {"a;b", "without quotes"},
        {"a\"", "without quotes"},
        {"a\\b", "without quotes"},
        {"'a b'", "without quotes"},
        {"a\0"sv, "without quotes"},
        {"a\x7f", "without quotes"},
        {"caf\u00E9", "without quotes"},
        {"\"a\tb\"", "printable"},
        {"\"a\0\""sv, "printable"},
        {"\"\x7f\"", "printable"},
        {"\"\x1f\"", "printable"},
        {"\"caf\u00E9\"", "printable"},
        {"\"a\r\nb\"", "printable"},
    };
    for (const auto& row : rows) {
        const auto read = parse_idempotency_key(row.value);
        BOOST_TEST_REQUIRE(!read.has_value(), row.value);
        BOOST_TEST((read.error().status == status::bad_request));
        BOOST_TEST(!read.error().close);
        BOOST_TEST(read.error().detail.find(row.word) != std::string_view::npos, row.value);
    }
}

BOOST_AUTO_TEST_CASE(knows_the_bounds) {
    const auto quoted = [](const std::string& text) { return '"' + text + '"'; };
    std::string escaped;
    for (int i = 0; i < 255; ++i) escaped += "\\\\";
    BOOST_TEST(parse_idempotency_key(std::string(255, 'k')).has_value());
    BOOST_TEST(!parse_idempotency_key(std::string(256, 'k')).has_value());
    BOOST_TEST(parse_idempotency_key(quoted(std::string(255, 'k'))).has_value());
    BOOST_TEST(!parse_idempotency_key(quoted(std::string(256, 'k'))).has_value());
    BOOST_TEST(*parse_idempotency_key(quoted(escaped)) == std::string(255, '\\'));
    BOOST_TEST(!parse_idempotency_key(quoted(escaped + "\\\"")).has_value());
    BOOST_TEST(!parse_idempotency_key(quoted(std::string(1 << 20, 'k'))).has_value());
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool is_printable = byte >= 0x20 && byte < 0x7F;
        BOOST_TEST(parse_idempotency_key(quoted(std::string("a") + c + "b")).has_value() ==
                       (is_printable && c != '"' && c != '\\'),
                   byte);
        BOOST_TEST(parse_idempotency_key(std::string("a") + c + "b").has_value() ==
                       (is_printable && " \"\\,;"sv.find(c) == std::string_view::npos),
                   byte);
    }
}

BOOST_AUTO_TEST_CASE(one_line_of_a_request) {
    const auto read = [](const std::vector<field_view>& lines) {
        return parse_idempotency_key(field_table(lines));
    };
    const auto none = read({{field::host, "Host", "a"}, {field::unknown, "X-Idempotency-Key", "a"}});
    BOOST_TEST_REQUIRE(none.has_value());
    BOOST_TEST(!none->has_value());
    const auto one = read({{field::host, "Host", "a"}, {field::unknown, "idempotency-KEY", "\"k 1\""}});
    BOOST_TEST_REQUIRE(one.has_value());
    BOOST_TEST((*one == std::optional<std::string>("k 1")));
    const auto two =
        read({{field::unknown, "Idempotency-Key", "k1"}, {field::unknown, "idempotency-key", "k1"}});
    BOOST_TEST_REQUIRE(!two.has_value());
    BOOST_TEST(two.error().detail.find("twice") != std::string_view::npos);
    BOOST_TEST(!read({{field::unknown, "Idempotency-Key", ""}}).has_value());
    BOOST_TEST(!read({{field::unknown, "Idempotency-Key", "a b"}}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
