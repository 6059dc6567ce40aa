#include "content/encoder.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>
#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>
#include <memory>
#include <string_view>

using fairlead::error_code;
using fairlead::content::encoder;
using fairlead::content::levels_of;
using fairlead::http::content_coding;
using fairlead::http::token;
namespace errc = boost::system::errc;

namespace {

BOOST_AUTO_TEST_SUITE(encoders)

constexpr content_coding codings[] = {content_coding::gzip, content_coding::br, content_coding::zstd};

/// The content of one whole gzip member of at most `most` bytes, or "broken".
std::string gunzip(std::string_view coded, std::size_t most) {
    z_stream stream{};
    std::string content(most + 1, '\0');
    if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return "broken";
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
    stream.avail_in = static_cast<uInt>(coded.size());
    stream.next_out = reinterpret_cast<Bytef*>(content.data());
    stream.avail_out = static_cast<uInt>(content.size());
    const bool is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
    content.resize(stream.total_out);
    inflateEnd(&stream);
    return is_whole ? content : "broken";
}

std::string unbrotli(std::string_view coded, std::size_t most) {
    std::string content(most + 1, '\0');
    auto size = content.size();
    const auto result =
        BrotliDecoderDecompress(coded.size(), reinterpret_cast<const std::uint8_t*>(coded.data()), &size,
                                reinterpret_cast<std::uint8_t*>(content.data()));
    content.resize(size);
    return result == BROTLI_DECODER_RESULT_SUCCESS ? content : "broken";
}

/// As a browser: no window above 8 MiB (RFC 9659).
std::string unzstd(std::string_view coded, std::size_t most) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
    std::string content(most + 1, '\0');
    ZSTD_inBuffer in{coded.data(), coded.size(), 0};
    ZSTD_outBuffer out{content.data(), content.size(), 0};
    const auto left = ZSTD_decompressStream(context.get(), &out, &in);
    content.resize(out.pos);
    return left == 0 && in.pos == in.size ? content : "broken";
}

std::string decoded(content_coding coding, std::string_view coded, std::size_t most) {
    if (coding == content_coding::gzip) return gunzip(coded, most);
    return coding == content_coding::br ? unbrotli(coded, most) : unzstd(coded, most);
}

std::string encoded(encoder made, std::string_view content, std::size_t piece) {
    std::string out = "kept:";
    for (std::size_t at = 0; at < content.size(); at += piece)
        BOOST_TEST_REQUIRE(!made.write(content.substr(at, piece), out));
    BOOST_TEST_REQUIRE(!made.finish(out));
    BOOST_TEST_REQUIRE(out.starts_with("kept:"));
    return out.substr(5);
}

std::string text_of(std::size_t bytes) {
    std::string text;
    for (unsigned line = 0; text.size() < bytes; ++line)
        text += "<li class=\"row\">line " + std::to_string(line * 2654435761u) + " of the table</li>\n";
    text.resize(bytes);
    return text;
}

std::string noise_of(std::size_t bytes) {
    std::string noise(bytes, '\0');
    std::uint64_t state = 1;
    for (auto& byte : noise) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<char>(state >> 56);
    }
    return noise;
}

void check_pieces(content_coding coding, int level, const std::string& content) {
    const auto whole = encoded({coding, level}, content, content.size() + 1);
    BOOST_TEST_CONTEXT(token(coding) << " " << level << " of " << content.size()) {
        BOOST_TEST((decoded(coding, whole, content.size()) == content));
        for (const std::size_t piece : {1, 7, 4096})
            BOOST_TEST((encoded({coding, level}, content, piece) == whole), "in pieces of " << piece);
    }
}

BOOST_AUTO_TEST_CASE(gives_back_what_it_was_fed_in_any_pieces) {
    const std::string contents[] = {"", "x", text_of(40'000), noise_of(100'000), std::string(300'000, 'a')};
    for (const auto coding : codings)
        for (const int level : {levels_of(coding).lowest, 2, 5, 7})
            for (const auto& content : contents) check_pieces(coding, level, content);
}

void check_hints(content_coding coding, int level, std::uint64_t bytes) {
    const auto content = text_of(bytes);
    for (const auto hint : {std::uint64_t{0}, bytes, std::numeric_limits<std::uint64_t>::max()}) {
        const auto coded = encoded({coding, level, hint}, content, 30'000);
        BOOST_TEST((decoded(coding, coded, bytes) == content),
                   token(coding) << " " << level << " of " << bytes << ", hint " << hint);
    }
}

BOOST_AUTO_TEST_CASE(every_level_and_hint_is_right_for_every_size) {
    for (const auto coding : codings)
        for (int level = levels_of(coding).lowest; level <= levels_of(coding).highest; ++level)
            for (const std::uint64_t bytes : {0, 1, 250, 251, 32'507, 70'000})
                check_hints(coding, level, bytes);
}

BOOST_AUTO_TEST_CASE(large_content_stays_in_bounds) {
    struct {
        content_coding coding;
        int level;
    } const rows[] = {{content_coding::gzip, 1}, {content_coding::gzip, 9}, {content_coding::br, 0},
                      {content_coding::br, 1},   {content_coding::br, 5},   {content_coding::zstd, 1},
                      {content_coding::zstd, 3}, {content_coding::zstd, 9}};
    // Repeats at a distance that only the larger windows reach.
    const auto half = noise_of(1'500'000) + text_of(1'000'000);
    const auto content = half + half;
    for (const auto& row : rows) {
        BOOST_TEST_INFO(token(row.coding) << " " << row.level);
        const auto coded = encoded({row.coding, row.level}, content, 4096);
        BOOST_TEST((decoded(row.coding, coded, content.size()) == content));
        BOOST_TEST(coded.size() < 3'600'000u);
        BOOST_TEST((encoded({row.coding, row.level}, content, content.size()) == coded));
    }
    for (const auto coding : codings) {
        const auto noise = noise_of(5'000'000);
        const auto coded = encoded({coding, levels_of(coding).lowest}, noise, 65536);
        BOOST_TEST((decoded(coding, coded, noise.size()) == noise));
        BOOST_TEST(coded.size() < noise.size() + noise.size() / 1000);
    }
}

BOOST_AUTO_TEST_CASE(windows_are_what_decoders_take) {
    const auto content = text_of(3'000'000);
    for (const int level : {1, 3, 12, 19}) {
        const auto coded = encoded({content_coding::zstd, level}, content, 65536);
        BOOST_TEST((static_cast<unsigned char>(coded[4]) & 0x20) == 0);      // a window, not one segment
        BOOST_TEST(10 + (static_cast<unsigned char>(coded[5]) >> 3) <= 21);  // RFC 8878 section 3.1.1.1.2
    }
    const auto small = encoded({content_coding::zstd, 19, 2000}, text_of(2000), 2000);
    BOOST_TEST(10 + (static_cast<unsigned char>(small[5]) >> 3) <= 11);
    for (const int level : {5, 11}) {
        const auto coded = encoded({content_coding::br, level}, text_of(70'000), 65536);
        const int expected = level == 5 ? 19 : 21;
        BOOST_TEST((coded[0] & 1) == 1);
        BOOST_TEST(17 + (coded[0] >> 1 & 7) == expected);  // RFC 7932 section 9.1
    }
}

BOOST_AUTO_TEST_CASE(gzip_says_neither_time_nor_name) {
    const auto coded = encoded({content_coding::gzip, 6}, "hello", 5);
    using namespace std::string_view_literals;
    BOOST_TEST(coded.starts_with("\x1F\x8B\x08\0\0\0\0\0\0\x03"sv));
}

BOOST_AUTO_TEST_CASE(equal_input_gives_equal_output) {
    const auto content = text_of(200'000);
    for (const auto coding : codings) {
        const auto once = encoded({coding, 4, content.size()}, content, 5000);
        BOOST_TEST((encoded({coding, 4, content.size()}, content, 5000) == once));
        BOOST_TEST(once.size() < content.size() / 2);
    }
}

BOOST_AUTO_TEST_CASE(a_higher_level_makes_it_smaller) {
    const auto content = text_of(200'000);
    for (const auto coding : codings) {
        const auto levels = levels_of(coding);
        const auto fast = encoded({coding, levels.lowest}, content, 65536);
        BOOST_TEST(encoded({coding, levels.highest}, content, 65536).size() < fast.size());
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_it_cannot_do) {
    struct {
        content_coding coding;
        int level;
    } const rows[] = {{content_coding::identity, 0}, {content_coding::identity, 1},
                      {content_coding::gzip, 0},     {content_coding::gzip, -1},
                      {content_coding::gzip, 10},    {content_coding::br, -1},
                      {content_coding::br, 12},      {content_coding::zstd, 0},
                      {content_coding::zstd, -5},    {content_coding::zstd, 20}};
    for (const auto& row : rows) {
        BOOST_TEST_INFO(token(row.coding) << " " << row.level);
        encoder made(row.coding, row.level);
        std::string out;
        BOOST_TEST((made.write(std::string_view("x"), out) == errc::invalid_argument));
        BOOST_TEST((made.finish(out) == errc::invalid_argument));
        BOOST_TEST(out.empty());
    }
}

BOOST_AUTO_TEST_CASE(nothing_follows_the_end) {
    for (const auto coding : codings) {
        encoder made(coding, 3);
        std::string out;
        BOOST_TEST(!made.write(std::string_view("x"), out));
        BOOST_TEST(!made.finish(out));
        const auto whole = out;
        BOOST_TEST((made.write(std::string_view("y"), out) == errc::invalid_argument));
        BOOST_TEST((made.finish(out) == errc::invalid_argument));
        BOOST_TEST(out == whole);
    }
}

BOOST_AUTO_TEST_CASE(moves_in_the_middle_of_a_stream) {
    const auto content = text_of(100'000);
    for (const auto coding : codings) {
        std::string out;
        encoder first(coding, 1);
        BOOST_TEST(!first.write(std::string_view(content).substr(0, 50'000), out));
        encoder second(content_coding::gzip, 1);
        std::string lost;
        BOOST_TEST(!second.write(std::string_view(content), lost));
        second = std::move(first);
        BOOST_TEST(!second.write(std::string_view(content).substr(50'000), out));
        BOOST_TEST(!second.write({}, out));
        BOOST_TEST(!second.finish(out));
        BOOST_TEST((decoded(coding, out, content.size()) == content));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
