#include "base/keyed_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <numeric>
#include <set>

namespace fairlead {
namespace {

BOOST_AUTO_TEST_SUITE(keyed_hashes)

// Of the reference implementation (vectors.h): key 00 01 .. 0f, text 00 01 .. of the given length.
BOOST_AUTO_TEST_CASE(computes_the_published_vectors) {
    const keyed_hash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
    std::array<std::uint8_t, 16> text;
    std::iota(text.begin(), text.end(), std::uint8_t{0});
    struct {
        std::size_t length;
        std::uint64_t expected;
    } const rows[] = {
        {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {2, 0x0d6c8009d9a94f5a},  {7, 0xab0200f58b01d137},
        {8, 0x93f5f5799a932462}, {9, 0x9e0082df0ba9e4b0}, {15, 0xa129ca6149be45e5}, {16, 0x3f2acc7f57c29bdb},
    };
    for (const auto& row : rows)
        BOOST_TEST(hash(std::span(text).first(row.length)) == row.expected, row.length << " bytes");
}

// The same of vectors.h, with 128 bits: two words, little-endian.
BOOST_AUTO_TEST_CASE(computes_the_published_wide_vectors) {
    const keyed_hash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
    std::array<std::uint8_t, 2> text{0, 1};
    struct {
        std::size_t length;
        std::array<std::uint64_t, 2> expected;
    } const rows[] = {
        {0, {0xe6a825ba047f81a3, 0x930255c71472f66d}},
        {1, {0x44af996bd8c187da, 0x45fc229b11597634}},
        {2, {0xc75da4a48d227781, 0xe4ff0af6de8ba3fc}},
    };
    for (const auto& row : rows)
        BOOST_TEST((hash.wide(std::span(text).first(row.length)) == row.expected), row.length << " bytes");
}

BOOST_AUTO_TEST_CASE(every_process_has_a_key_of_its_own) {
    const std::array<std::uint8_t, 16> text{};
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) seen.insert(keyed_hash()(text));
    BOOST_TEST(seen.size() == 100u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
