#include "base/base64.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

namespace fairlead {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// What `text` stands for, or "refused".
std::string decoded(std::string_view text, std::size_t room = 64) {
    std::string out(room, '.');
    const auto size = decode_base64(text, std::as_writable_bytes(std::span(out)));
    return size ? out.substr(0, *size) : "refused";
}

BOOST_AUTO_TEST_SUITE(base64)

// RFC 4648 section 10.
BOOST_AUTO_TEST_CASE(the_vectors_of_the_standard) {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [plain, coded] : rows) {
        BOOST_TEST(encode_base64(bytes_of(plain)) == coded);
        BOOST_TEST(decoded(coded) == plain);
    }
}

BOOST_AUTO_TEST_CASE(every_byte_comes_back) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    for (std::size_t size = 253; size <= 256; ++size) {
        const auto plain = all.substr(0, size);
        BOOST_TEST(decoded(encode_base64(bytes_of(plain)), 256) == plain);
    }
    BOOST_TEST(encode_base64(bytes_of("\xFB\xFF\xBF")) == "+/+/");
}

BOOST_AUTO_TEST_CASE(nothing_can_be_written_in_two_ways) {
    for (const auto* text :
         {"Zg", "Zg=", "Zg===", "Z", "====", "=", "Zg==Zg==", "Zm9v=", "Zm9v====", "Zh==", "Zm9=", "Zg==\n",
          " Zg==", "Zm9v\r\n", "Zm 9", "Zm9-", "Zm9_", "Zm=v", "\xC3\x84=="})
        BOOST_TEST(decoded(text) == "refused", text);
}

BOOST_AUTO_TEST_CASE(nothing_is_written_beyond_the_room) {
    BOOST_TEST(decoded("Zm9v", 3) == "foo");
    BOOST_TEST(decoded("Zm9v", 2) == "refused");
    BOOST_TEST(decoded("Zm8=", 2) == "fo");
    BOOST_TEST(decoded("", 0).empty());
}

BOOST_AUTO_TEST_CASE(digits_are_those_of_the_alphabet) {
    std::string digits;
    for (int c = 0; c < 256; ++c)
        if (is_base64_digit(static_cast<char>(c))) digits += static_cast<char>(c);
    BOOST_TEST(digits == "+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
