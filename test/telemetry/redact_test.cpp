#include "telemetry/redact.hpp"

#include <boost/test/unit_test.hpp>

namespace fairlead::telemetry {
namespace {

BOOST_AUTO_TEST_SUITE(redaction)

BOOST_AUTO_TEST_CASE(userinfo_is_left_out) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"http://ann:secret@a.example/x?y", "http://***@a.example/x?y"},
        {"http://ann@a.example", "http://***@a.example"},
        {"http://a@b:c@d@a.example/", "http://***@a.example/"},
        {"http://ann:sec/ret@a.example/x", "http://***@a.example/x"},
        {"http://ann:sec?r/e#t@a.example/x", "http://***@a.example/x"},
        {"http://ann:1/2@a.example", "http://***@a.example"},
        {"http://ann:sec@r/et@a.example", "http://***@a.example"},
        {"http://ann@b/c@a.example", "http://***@a.example"},
        {"ann:sec//ret@a.example:443", "***@a.example:443"},
        {"http:x/y@z", "***@z"},
        // It might have been a password.
        {"http://a.example:80/@x", "http://***@x"},
        {"http://@a.example/", "http://***@a.example/"},
        {"http://ann:secret@", "http://***@"},
        {"ftp://ann:secret@a.example?x", "ftp://***@a.example?x"},
        {"ann:secret@a.example:443", "***@a.example:443"},  // CONNECT, Host
        {"http:/ann:secret@a.example/x", "http:/***@a.example/x"},
        {"http:///ann:secret@a.example/x", "http:///***@a.example/x"},
        {"http:ann:secret@a.example/x", "***@a.example/x"},
        {"@/x", "***@/x"},
        {"ann:secret@[::1]:443", "***@[::1]:443"},
    };
    for (const auto& [text, expected] : rows) BOOST_TEST(redacted(text) == expected);
}

BOOST_AUTO_TEST_CASE(everything_else_stays) {
    for (const std::string_view text :
         {"", "/", "*", "/@", "/ann:secret@a.example", "//ann@a.example/", "/?a=b@c", "http://a.example/@x",
          "http://a.example?ann@x", "http://a.example#ann@x", "http://", "http:", "a.example:443",
          "[::1]:443", "http://a.example:80/x", "http://a.example/x:y@z"})
        BOOST_TEST(redacted(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::telemetry
