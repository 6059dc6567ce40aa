#include "http/target.hpp"

#include <boost/test/unit_test.hpp>

#include <cctype>
#include <string>
#include <string_view>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;
constexpr auto traversal = security_event::traversal;
constexpr auto none = security_event::none;

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(accepts_the_four_forms) {
    struct {
        std::string_view raw;
        verb method;
        target_form form;
        std::string_view authority, path, query;
        bool has_query;
    } const rows[] = {
        {"/", verb::get, target_form::origin, "", "/", "", false},
        {"/a/b.html", verb::get, target_form::origin, "", "/a/b.html", "", false},
        {"/a?", verb::get, target_form::origin, "", "/a", "", true},
        {"/a?x=1?y/..", verb::get, target_form::origin, "", "/a", "x=1?y/..", true},
        {"/sample.txt?%zz&&==%", verb::get, target_form::origin, "", "/sample.txt", "%zz&&==%", true},
        {"/?/../../etc/passwd", verb::get, target_form::origin, "", "/", "/../../etc/passwd", true},
        {"/%zz%", verb::get, target_form::origin, "", "/%zz%", "", false},
        {"/[id]/x;y,z:@!$&'()*+=~", verb::get, target_form::origin, "", "/[id]/x;y,z:@!$&'()*+=~", "", false},
        {"//evil.example/x", verb::get, target_form::origin, "", "//evil.example/x", "", false},
        {"*", verb::options, target_form::asterisk, "", "", "", false},
        {"http://h/a?b", verb::get, target_form::absolute, "h", "/a", "b", true},
        {"HTTP://H:80/", verb::get, target_form::absolute, "H:80", "/", "", false},
        {"http://h", verb::options, target_form::absolute, "h", "/", "", false},
        {"http://h?q", verb::get, target_form::absolute, "h", "/", "q", true},
        {"http://[::1]:8080/a", verb::get, target_form::absolute, "[::1]:8080", "/a", "", false},
        {"http://h:/a", verb::get, target_form::absolute, "h:", "/a", "", false},
        {"example.com:443", verb::connect, target_form::authority, "example.com:443", "", "", false},
        {"[::1]:443", verb::connect, target_form::authority, "[::1]:443", "", "", false},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.raw) {
            const auto parts = parse_target(row.raw, row.method);
            BOOST_TEST_REQUIRE(parts.has_value());
            BOOST_TEST((parts->form == row.form));
            BOOST_TEST(parts->authority == row.authority);
            BOOST_TEST(parts->path == row.path);
            BOOST_TEST(parts->query == row.query);
            BOOST_TEST(parts->has_query == row.has_query);
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_targets) {
    struct {
        std::string_view raw;
        verb method = verb::get;
        status code = status::bad_request;
        security_event event = none;
    } const rows[] = {
        {""},
        {"*"},
        {"*", verb::unknown},
        {"**", verb::options},
        {"sample.txt"},
        {"localhost:80"},
        {"?q"},
        {"://h/"},
        {"1http://h/"},
        {"ht tp://h/"},
        {"http:/h/"},
        {"http:///a"},
        {"http://"},
        {"http://user@h/"},
        {"http://user:pw@h/"},
        {"http://h:99999/"},
        {"http://h:80:80/"},
        {"http://h\\@evil/", verb::get},
        {"http://[::1/"},
        {"http://[fe80::1%25eth0]/"},
        {"http://h%41/"},
        {"http://h/a b"},
        {"ftp://h/"},
        {"file:///etc/passwd"},
        {"https://h/a", verb::get, status::misdirected_request},
        {"HTTPS://h/a", verb::get, status::misdirected_request},
        {"/a", verb::connect},
        {"example.com", verb::connect},
        {"example.com:", verb::connect},
        {"example.com:0", verb::connect},
        {"example.com:99999", verb::connect},
        {"user@example.com:443", verb::connect},
        {"http://h:80/", verb::connect},
        {"/<script>"},
        {"/{a|b}^"},
        {"/a\"b"},
        {"/a`b"},
        {"/a#b"},
        {"/a?<script>"},
        {"/a?b#c"},
        {"/a\x7f"},
        {"/a\x01"},
        {"/a\r"},
        {"/a\n"},
        {"/a\0"sv},
        {"/nested\\dir", verb::get, status::bad_request, traversal},
        {"/..\\..\\etc", verb::get, status::bad_request, traversal},
        {"/..\xc0\xaf", verb::get, status::bad_request, traversal},
        {"/\xc0\xae", verb::get, status::bad_request, traversal},
        {"/\xc3\xbc"},
        {"/../<", verb::get, status::bad_request, traversal},
        {"/a?../<"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.raw) {
            const auto parts = parse_target(row.raw, row.method);
            BOOST_TEST_REQUIRE(!parts.has_value());
            BOOST_TEST(static_cast<int>(parts.error().status) == static_cast<int>(row.code));
            BOOST_TEST((parts.error().event == row.event));
            BOOST_TEST(parts.error().close);
            BOOST_TEST(!parts.error().detail.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(looks_at_every_byte) {
    constexpr auto allowed = "-._~!$&'()*+,;=:@[]/?%"sv;
    for (int byte = 0; byte < 256; ++byte) {
        const bool is_fine =
            (byte < 128 && std::isalnum(byte)) || allowed.find(static_cast<char>(byte)) != ""sv.npos;
        // Browsers leave these alone in a query.
        const bool is_fine_in_query = is_fine || "{}|\\^`"sv.find(static_cast<char>(byte)) != ""sv.npos;
        const auto c = static_cast<char>(byte);
        BOOST_TEST(parse_target("/a" + std::string(1, c) + "c", verb::get).has_value() == is_fine, byte);
        BOOST_TEST(parse_target("/a?b" + std::string(1, c) + "c", verb::get).has_value() == is_fine_in_query,
                   byte);
    }
}

BOOST_AUTO_TEST_CASE(normalises_paths) {
    struct {
        std::string_view raw, path;
    } const rows[] = {
        {"/", "/"},
        {"/a/b/", "/a/b/"},
        {"/./sample.txt", "/sample.txt"},
        {"/a/./b", "/a/b"},
        {"/a/.", "/a/"},
        {"/a/./", "/a/"},
        {"/.", "/"},
        {"/././.", "/"},
        {"/%2e/a", "/a"},
        {"/%73ample.txt", "/sample.txt"},
        {"/sample%2Etxt", "/sample.txt"},
        {"/%C3%BCn%c3%af.txt", "/\xC3\xBCn\xC3\xAF.txt"},
        {"/hash%23.txt", "/hash#.txt"},
        {"/sp%20ace", "/sp ace"},
        {"/a+b.txt", "/a+b.txt"},
        {"/semi;colon.txt", "/semi;colon.txt"},
        {"/%2573ample", "/%73ample"},
        {"/%252e%252e/%252e%252e/etc", "/%2e%2e/%2e%2e/etc"},
        {"/%ef%bc%8e%ef%bc%8e%ef%bc%8fetc",
         "/\xEF\xBC\x8E\xEF\xBC\x8E\xEF\xBC\x8F"
         "etc"},
        {"/..a", "/..a"},
        {"/a..", "/a.."},
        {"/.../x", "/.../x"},
        {"/..././etc", "/.../etc"},
        {"/..-private/secret.txt", "/..-private/secret.txt"},
        {"/..%20/x", "/.. /x"},
        {"/.well-known/x", "/.well-known/x"},
        {"/%3f%25", "/?%"},
        {"/{}", "/{}"},
    };
    for (const auto& row : rows) {
        std::string storage;
        const auto path = normalise_path(row.raw, storage);
        BOOST_TEST_REQUIRE(path.has_value(), row.raw);
        BOOST_TEST(*path == row.path);
    }
}

BOOST_AUTO_TEST_CASE(copies_only_when_it_must) {
    std::string storage;
    constexpr auto raw = "/a/b.d/c.html"sv;
    const auto path = normalise_path(raw, storage);
    BOOST_TEST_REQUIRE(path.has_value());
    BOOST_TEST((path->data() == raw.data()));
    BOOST_TEST(storage.capacity() == std::string().capacity());

    const auto parts = parse_target("/a/b.d/c.html?x/../%2e", verb::get);
    BOOST_TEST(parts->is_normal_path);
    BOOST_TEST(*normalise_path(*parts, storage) == raw);
    for (const auto odd : {"/./a", "/a//b", "/%61", "/.a", "/..", "http://h/%2e"}) {
        const auto target = parse_target(odd, verb::get);
        BOOST_TEST(!target->is_normal_path, odd);
        BOOST_TEST((normalise_path(*target, storage).has_value() ==
                    normalise_path(target->path, storage).has_value()));
    }
}

BOOST_AUTO_TEST_CASE(refuses_paths) {
    constexpr auto bad = status::bad_request;
    constexpr auto forbidden = status::forbidden;
    struct {
        std::string_view raw;
        status code;
        security_event event;
    } const rows[] = {
        {"/..", forbidden, traversal},
        {"/../", forbidden, traversal},
        {"/../../etc/passwd", forbidden, traversal},
        {"/nested/../sample.txt", forbidden, traversal},
        {"/%2e%2e/etc", forbidden, traversal},
        {"/%2E./etc", forbidden, traversal},
        {"/.%2e", forbidden, traversal},
        {"/a/%2e%2e", forbidden, traversal},
        {"/..%2f..%2fetc", forbidden, traversal},
        {"/%2e%2e%2fwww-private%2fsecret.txt", forbidden, traversal},
        {"/a%2f..", forbidden, traversal},
        {"/..%5c..%5cetc", forbidden, traversal},
        {"/a%5c%2e%2e%5cb", forbidden, traversal},
        {"//../../etc", forbidden, traversal},
        {"/..//..//etc", forbidden, traversal},
        {"/../%zz", forbidden, traversal},
        {"/..%5C%00", forbidden, traversal},
        {"....//", bad, traversal},
        {"/....//....//etc", bad, traversal},
        {"//etc/passwd", bad, traversal},
        {"//", bad, traversal},
        {"///", bad, traversal},
        {"/a//b", bad, none},
        {"/a//", bad, none},
        {"/a/.//b", bad, none},
        {"/a//..b", bad, traversal},
        {"/..%u2215etc", bad, traversal},
        {"/.%00./etc", bad, traversal},
        {"/sample.txt%00.html", bad, traversal},
        {"/%00", bad, traversal},
        {"/..%0d/etc", bad, traversal},
        {"/a%0d%0aSet-Cookie:x", bad, none},
        {"/a%1f", bad, none},
        {"/a%7F", bad, none},
        {"/%c0%ae%c0%ae/", bad, traversal},
        {"/%e0%80%ae", bad, traversal},
        {"/%f0%80%80%ae", bad, traversal},
        {"/%ed%a0%80", bad, traversal},
        {"/%ff", bad, traversal},
        {"/%c3", bad, traversal},
        {"/%", bad, none},
        {"/%1", bad, none},
        {"/a%zz", bad, none},
        {"/a%u002etxt", bad, none},
        {"/a%+1", bad, none},
        {"/a%2fb", bad, none},
        {"/%2fetc", bad, none},
        {"/%5c", bad, traversal},
        {"/a%5cb", bad, traversal},
        {"/.git%2fconfig", bad, none},
        {"", bad, none},
        {"a", bad, none},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.raw) {
            std::string storage;
            const auto path = normalise_path(row.raw, storage);
            BOOST_TEST_REQUIRE(!path.has_value());
            BOOST_TEST(static_cast<int>(path.error().status) == static_cast<int>(row.code));
            BOOST_TEST((path.error().event == row.event));
            BOOST_TEST(!path.error().close);
        }
    }
}

BOOST_AUTO_TEST_CASE(finds_hidden_segments) {
    for (const auto path : {"/.env", "/.git/config", "/a/.b", "/a/.b/c", "/.well-known/.x", "/.well-knownx",
                            "/a/.well-known/x", "/.."})
        BOOST_TEST(is_hidden(path), path);
    for (const auto path : {"/", "/a", "/a.b", "/a./b", "/.well-known", "/.well-known/x.y", "/a..b"})
        BOOST_TEST(!is_hidden(path), path);
}

BOOST_AUTO_TEST_CASE(cuts_extensions) {
    struct {
        std::string_view path, extension;
    } const rows[] = {{"/a.html", "html"}, {"/a/b.tar.gz", "gz"}, {"/a.d/b", ""}, {"/name.", ""}, {"/", ""},
                      {"/.env", "env"},    {"/a.b/", ""},         {"a.x", "x"},   {"/a..", ""},   {"", ""}};
    for (const auto& row : rows) BOOST_TEST(extension(row.path) == row.extension, row.path);
}

BOOST_AUTO_TEST_CASE(encodes_safe_locations) {
    struct {
        std::string_view path, encoded;
    } const rows[] = {
        {"/a/b/", "/a/b/"},
        {"", "/"},
        {"/", "/"},
        {"//evil.example/", "/evil.example/"},
        {"///evil", "/evil"},
        {"/\\evil.example/", "/%5Cevil.example/"},
        {"\\\\evil", "/%5C%5Cevil"},
        {"/a\r\nSet-Cookie: x", "/a%0D%0ASet-Cookie:%20x"},
        {"/100%", "/100%25"},
        {"/a?b#c", "/a%3Fb%23c"},
        {"/\xC3\xBC", "/%C3%BC"},
        {"/[x]\"<>`{|}^", "/%5Bx%5D%22%3C%3E%60%7B%7C%7D%5E"},
        {"/a;b,c:d@e!$&'()*+=~-._", "/a;b,c:d@e!$&'()*+=~-._"},
        {"/\0"sv, "/%00"},
    };
    for (const auto& row : rows) BOOST_TEST(encode_path(row.path) == row.encoded);
}

BOOST_AUTO_TEST_CASE(what_was_encoded_reads_back) {
    std::string every = "/x";
    for (int byte = 0x20; byte < 0x7F; ++byte)
        if (byte != '/' && byte != '\\') every += static_cast<char>(byte);
    std::string storage;
    const auto path = normalise_path(encode_path(every), storage);
    BOOST_TEST_REQUIRE(path.has_value());
    BOOST_TEST(*path == every);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::http
