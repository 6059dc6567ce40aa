#include "http/digest_fields.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(digest_fields)

// Those of {"hello": "world"} and of nothing, as RFC 9530 prints them.
const std::string hello_256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
const std::string hello_512 =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
const std::string empty_256 = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

/// What was read, in the form that is sent; "refused" for 400.
std::string text_of(const checked<wanted_digests>& read) {
    if (!read) {
        BOOST_TEST((read.error().status == status::bad_request));
        BOOST_TEST(read.error().detail.ends_with('.'));
        return "refused";
    }
    std::string text;
    if (read->sha256) text = format_digest(*read->sha256);
    if (read->sha512) text += (text.empty() ? "" : ", ") + format_digest(*read->sha512);
    return text;
}

BOOST_AUTO_TEST_CASE(formats_what_was_hashed) {
    sha_hasher short_one(sha_kind::sha256), long_one(sha_kind::sha512);
    short_one.update(R"({"hello": "world"})"sv);
    long_one.update(R"({"hello": "world"})"sv);
    BOOST_TEST(format_digest(short_one.finish()) == hello_256);
    BOOST_TEST(format_digest(long_one.finish()) == hello_512);
    BOOST_TEST(format_digest(short_one.finish()) == empty_256);
}

BOOST_AUTO_TEST_CASE(reads_dictionaries) {
    struct {
        std::string value, expected;
    } const rows[] = {
        {"", ""},
        {"   ", ""},
        {hello_256, hello_256},
        {hello_512, hello_512},
        {"  " + hello_256 + "  ", hello_256},
        {hello_256 + "," + hello_512, hello_256 + ", " + hello_512},
        {hello_512 + " \t , \t" + hello_256, hello_256 + ", " + hello_512},
        // The last of repeated keys counts, whatever the first was.
        {hello_256 + ", " + empty_256, empty_256},
        {"sha-256, " + hello_256, hello_256},
        {"sha-256=:AAAA:, " + hello_256, hello_256},
        {hello_256.substr(0, hello_256.size() - 2) + ":", hello_256},  // without its padding
        {hello_256.substr(0, hello_256.size() - 3) + ":", "refused"},
        {hello_256 + ", sha-256=:AAAA:", "refused"},
        {hello_256 + ", sha-256", "refused"},
        // Parameters are ignored.
        {hello_256 + ";a;b=1;  c=\"x,y\";d=:AA==:;*e=t/o:k", hello_256},
        {hello_256 + " ;a", "refused"},
        {hello_256 + ";", "refused"},
        {hello_256 + ";A=1", "refused"},
        {hello_256 + ";a=", "refused"},
        {hello_256 + ";a=(1)", "refused"},
        // Other algorithms are, too.
        {"md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, sha=:2jmj7l5rSw0yVb/vlWAYkK/YBwk=:, " + hello_256, hello_256},
        {"unixsum=30637, unixcksum=-1.5, crc32c=:AAAA:, id-sha-256=:AAAA:", ""},
        {"sha-384=?1, sha-1=token*, x, *y;z, a_b.c-d=\"a \\\" b, sha-256=\\\\\"", ""},
        {"x=(), y=( 1  \"a) b\";p=1 :AA: ?0 ), " + hello_256, hello_256},
        {"x=\"" + hello_256 + "\"", ""},
        {"sha-2560=:AAAA:, sha-25=1, xsha-256=1", ""},
    };
    for (const auto& row : rows) BOOST_TEST(text_of(parse_digests(row.value)) == row.expected, row.value);
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_dictionary) {
    const std::vector<std::string_view> malformed{
        // members and their keys
        ",", "a,", ",a", "a,,b", "a b", "a=1 b=2", "A=1", "1=a", "-a=1", "=1", "a=",
        // their values
        "a= 1", "a =1", "a=?2", "a=?", "a=:", "a=:A", "a=:A*:", "a=:A A:", "a=\"", "a=\"\\", "a=\"\\x\"",
        "a=\"\t\"", "a=\"\xC3\xA4\"", "a=-", "a=--1", "a=1.", "a=.1", "a=1.2345", "a=1.2.3",
        // inner lists and parameters
        "a=(", "a=(1", "a=(1,2)", "a=(1(2))", "a=(1\t2)", "a=(\"b\"\"c\")", "a=1)", "a=@1", "a=%\"b\"",
        "a\0"sv, "\0"sv, "a\n", "\ta", "a=b\x80", "a;b;", "a;;b", "a=;b", "a=1234567890123456",
        "a=1234567890123.1"};
    for (const auto value : malformed) BOOST_TEST(text_of(parse_digests(value)) == "refused", value);
    for (const auto value : {"a=123456789012345"sv, "a=-123456789012.123"sv, "a\t,\tb"sv})
        BOOST_TEST(text_of(parse_digests(value)) == "", value);
    // Of the older field Digest, and of those who guess.
    for (const auto value : {"SHA-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"sv,
                             "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="sv,
                             "sha-256=5f8f04f6a3a892aaabbddb6cf273894493773960d4a325b105fee46eef4304f1"sv,
                             "sha-256=\"X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\""sv,
                             ":X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"sv})
        BOOST_TEST(text_of(parse_digests(value)) == "refused", value);
}

BOOST_AUTO_TEST_CASE(decodes_strictly) {
    const std::string good = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE";
    struct {
        std::string base64;
        bool is_taken;
    } const rows[] = {
        {good + "=", true},
        {std::string(42, '/') + "8=", true},  // the last digit has two bits to spare, which must be 0
        {std::string(42, '/') + "9=", false},
        {std::string(42, '/') + "+=", false},
        {std::string(42, '/') + "/=", false},
        {good, true},  // RFC 8941 section 4.2.7
        {good + "==", false},
        {good + "=AAA", false},
        {good + "A", false},
        {good.substr(1) + "==", false},
        {"=" + good, false},
        {good.substr(0, 20) + "=" + good.substr(21) + "=", false},
        {good.substr(0, 20) + "-" + good.substr(21) + "=", false},
        {good.substr(0, 20) + "_" + good.substr(21) + "=", false},
        {good.substr(0, 20) + " " + good.substr(21) + "=", false},
        {std::string(44, '='), false},
        {"", false},
        {"====", false},
        {std::string(40, 'A'), false},
        {std::string(88, 'A'), false},
    };
    for (const auto& row : rows) {
        const auto read = parse_digests("sha-256=:" + row.base64 + ":");
        BOOST_TEST(read.has_value() == row.is_taken, row.base64);
        const auto padding = row.base64.ends_with('=') ? "" : "=";
        if (read) BOOST_TEST(format_digest(*read->sha256) == "sha-256=:" + row.base64 + padding + ":");
    }
    for (const auto& [tail, is_taken] : {std::pair("A==", true),
                                         {"g==", true},
                                         {"w==", true},
                                         {"B==", false},
                                         {"P==", false},
                                         {"=A=", false},
                                         {"AA=", false},
                                         {"AAA", false}})
        BOOST_TEST(parse_digests("sha-512=:" + std::string(85, 'A') + tail + ":").has_value() == is_taken,
                   tail);
    BOOST_TEST(!parse_digests("sha-512=:" + good + "=:"));
}

BOOST_AUTO_TEST_CASE(every_byte_and_every_cut_of_a_value) {
    for (const auto& value : {hello_256, hello_512}) {
        const auto digest = text_of(parse_digests(value));
        for (std::size_t cut = 1; cut < value.size(); ++cut) {
            // A key that is cut is another one, and one that is cut behind itself has no digest.
            const bool is_other_key = cut < 7;
            BOOST_TEST(parse_digests(value.substr(0, cut)).has_value() == is_other_key, cut);
        }
        // Whatever stands in place of a byte, the digest is refused, or ignored, or another.
        for (std::size_t at = 0; at < value.size(); ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                auto other = value;
                other[at] = static_cast<char>(byte);
                if (other != value) BOOST_TEST(text_of(parse_digests(other)) != digest, other);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(lines_are_one_list) {
    const std::string open = "x=\"a";
    const std::vector<field_view> lines{
        {field::unknown, "Content-Digest", hello_256}, {field::unknown, "Repr-Digest", empty_256},
        {field::unknown, "content-DIGEST", hello_512}, {field::unknown, "Broken-Digest", open},
        {field::unknown, "Broken-Digest", hello_256},
    };
    const field_table fields(lines);
    BOOST_TEST(text_of(parse_digests(fields, "content-digest")) == hello_256 + ", " + hello_512);
    BOOST_TEST(text_of(parse_digests(fields, "Repr-Digest")) == empty_256);
    BOOST_TEST(text_of(parse_digests(fields, "Broken-Digest")) == "refused");
    BOOST_TEST(text_of(parse_digests(fields, "Digest")) == "");
    BOOST_TEST(text_of(parse_digests(field_table(), "Content-Digest")) == "");
}

BOOST_AUTO_TEST_CASE(long_values_take_linear_time) {
    constexpr std::size_t size = 64 * 1024;
    const auto repeated = [](std::string_view piece) {
        std::string text;
        while (text.size() < size) text.append(piece);
        return text;
    };
    const std::string values[] = {
        std::string(size, ' '),
        std::string(size, 'a'),
        std::string(size, ':'),
        repeated("a,"),
        repeated("a;b;c=1;"),
        "a=(" + repeated("1 "),
        "a=\"" + repeated("\\\""),
        "a=:" + std::string(size, '='),
        repeated(hello_256 + ","),
        "a" + std::string(size, ' '),
        repeated("a="),
        std::string(size, '1'),
    };
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i)
        for (const auto& value : values) parse_digests(value);
    // 8 MB in all: some 30 ms, and a hundred times that under sanitizers; what is quadratic takes minutes.
    BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)));
    BOOST_TEST(text_of(parse_digests(values[8] + hello_256)) == hello_256);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
