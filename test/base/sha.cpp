#include "base/sha.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace fairlead {
namespace {

BOOST_AUTO_TEST_SUITE(sha)

std::string hex_of(sha_kind kind, std::string_view text) {
    sha_hasher hasher(kind);
    hasher.update(text);
    return hex(hasher.finish());
}

BOOST_AUTO_TEST_CASE(computes_the_digests_of_fips_180) {
    constexpr std::string_view two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    struct {
        sha_kind kind;
        std::string text;
        std::string_view expected;
    } const rows[] = {
        {sha_kind::sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {sha_kind::sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {sha_kind::sha256, std::string(two_blocks),
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {sha_kind::sha256, std::string(1'000'000, 'a'),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {sha_kind::sha512, "",
         "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
        {sha_kind::sha512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {sha_kind::sha512, std::string(two_blocks),
         "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
         "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"},
        {sha_kind::sha512, std::string(1'000'000, 'a'),
         "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
         "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
    };
    for (const auto& row : rows)
        BOOST_TEST(hex_of(row.kind, row.text) == row.expected, row.text.size() << " bytes");
}

BOOST_AUTO_TEST_CASE(pieces_do_not_matter) {
    std::string text;
    for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i));
    for (const auto kind : {sha_kind::sha256, sha_kind::sha512}) {
        const auto whole = hex_of(kind, text);
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            sha_hasher hasher(kind);
            hasher.update(std::span(text).first(cut));
            hasher.update({});
            hasher.update(std::span(text).subspan(cut));
            BOOST_TEST(hex(hasher.finish()) == whole, "cut at " << cut);
        }
    }
}

BOOST_AUTO_TEST_CASE(begins_anew_after_the_end) {
    for (const auto kind : {sha_kind::sha256, sha_kind::sha512}) {
        sha_hasher hasher(kind);
        hasher.update(std::string_view("abc"));
        const auto first = hasher.finish();
        BOOST_TEST(hex(hasher.finish()) == hex_of(kind, ""));
        hasher.update(std::string_view("abc"));
        BOOST_TEST((hasher.finish() == first));
    }
}

BOOST_AUTO_TEST_CASE(moves_what_was_added) {
    sha_hasher first(sha_kind::sha256);
    first.update(std::string_view("a"));
    sha_hasher second(std::move(first));
    second.update(std::string_view("b"));
    sha_hasher third(sha_kind::sha512);
    third.update(std::string_view("something else"));
    third = std::move(second);
    third.update(std::string_view("c"));
    BOOST_TEST(hex(third.finish()) == hex_of(sha_kind::sha256, "abc"));
}

BOOST_AUTO_TEST_CASE(digests_are_values) {
    std::vector<std::uint8_t> bytes(65, 7);
    for (const auto kind : {sha_kind::sha256, sha_kind::sha512})
        for (std::size_t size = 0; size <= bytes.size(); ++size)
            BOOST_TEST(sha_digest::from_bytes(kind, std::span(bytes).first(size)).has_value() ==
                       (size == digest_bytes(kind)));
    const auto digest = *sha_digest::from_bytes(sha_kind::sha256, std::span(bytes).first(32));
    BOOST_TEST(digest.bytes().size() == 32u);
    BOOST_TEST(std::equal(digest.bytes().begin(), digest.bytes().end(), bytes.begin()));
    for (std::size_t at = 0; at < 32; ++at) {
        auto other = bytes;
        other[at] ^= 0x80;
        BOOST_TEST((*sha_digest::from_bytes(sha_kind::sha256, std::span(other).first(32)) != digest));
    }
    // The same bytes and zeros behind them are still another kind.
    std::fill(bytes.begin() + 32, bytes.end(), std::uint8_t{0});
    BOOST_TEST((*sha_digest::from_bytes(sha_kind::sha512, std::span(bytes).first(64)) != digest));
}

BOOST_AUTO_TEST_CASE(writes_hexadecimal_digits) {
    std::array<std::uint8_t, 32> bytes{0x00, 0x01, 0x0F, 0x10, 0x7F, 0x80, 0xAB, 0xFF};
    BOOST_TEST(hex(*sha_digest::from_bytes(sha_kind::sha256, bytes)) ==
               "00010f107f80abff" + std::string(48, '0'));
}

BOOST_AUTO_TEST_CASE(computes_the_codes_of_rfc_4231) {
    std::string counted;
    for (char c = 1; c <= 25; ++c) counted.push_back(c);
    struct {
        std::string key, text;
        std::string_view expected;
    } const rows[] = {
        {std::string(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(20, '\xaa'), std::string(50, '\xdd'),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {counted, std::string(50, '\xcd'),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        // Not of the RFC: the empty ones, and keys of one block and one byte more (Python's hmac).
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {std::string(64, 'k'), "x", "f91c4c403625fb06910ef93999265bbd2d62baeaec6ff36455498cc124fe3e66"},
        {std::string(65, 'k'), "x", "75092ca3ee2b307470c227697b42b3e65376aa3bae98fb5a1f7b7536daa9588a"},
    };
    for (const auto& row : rows) BOOST_TEST(hex(hmac_sha256(row.key, row.text)) == row.expected, row.text);
    BOOST_TEST(hex(hmac_sha256({}, {})) == hex(hmac_sha256("", "")));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
