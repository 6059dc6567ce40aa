// Whatever the coding, the level, the hint and the pieces: decoding gives the input back, and the same pieces
// give the same bytes.

#include "content/encoder.hpp"

#include "require.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

using namespace fairlead;
using http::content_coding;

namespace {

struct choice {
    content_coding coding;
    int level;
    std::optional<std::uint64_t> size_hint;
    unsigned largest_piece;
};

std::string encode(const choice& how, std::string_view content) {
    content::encoder encoder(how.coding, how.level, how.size_hint);
    std::string out;
    std::uint64_t seed = content.size();
    while (!content.empty()) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto piece = content.substr(0, (seed >> 33) % (how.largest_piece + 1));
        REQUIRE_INVARIANT(!encoder.write(piece, out));
        content.remove_prefix(piece.size());
    }
    REQUIRE_INVARIANT(!encoder.finish(out));
    REQUIRE_INVARIANT(encoder.finish(out) == boost::system::errc::invalid_argument);
    return out;
}

std::string gunzip(std::string_view coded, std::size_t most) {
    z_stream stream{};
    std::string content(most + 1, '\0');
    REQUIRE_INVARIANT(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
    stream.avail_in = static_cast<uInt>(coded.size());
    stream.next_out = reinterpret_cast<Bytef*>(content.data());
    stream.avail_out = static_cast<uInt>(content.size());
    REQUIRE_INVARIANT(inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0);
    content.resize(stream.total_out);
    inflateEnd(&stream);
    return content;
}

std::string decode(content_coding coding, std::string_view coded, std::size_t most) {
    if (coding == content_coding::gzip) return gunzip(coded, most);
    std::string content(most + 1, '\0');
    auto size = content.size();
    if (coding == content_coding::br) {
        REQUIRE_INVARIANT(BrotliDecoderDecompress(coded.size(),
                                                  reinterpret_cast<const std::uint8_t*>(coded.data()), &size,
                                                  reinterpret_cast<std::uint8_t*>(content.data())) ==
                          BROTLI_DECODER_RESULT_SUCCESS);
    } else {
        size = ZSTD_decompress(content.data(), content.size(), coded.data(), coded.size());
        REQUIRE_INVARIANT(!ZSTD_isError(size));
    }
    content.resize(size);
    return content;
}

}  // namespace

/// Four bytes choose the coding, the level, the hint and the pieces, the fifth how often the rest is
/// repeated; the rest is the content.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    constexpr content_coding codings[] = {content_coding::gzip, content_coding::br, content_coding::zstd};
    const auto coding = codings[data[0] % 3];
    const auto levels = content::levels_of(coding);
    // The slowest levels allocate tens of megabytes for each input.
    const int highest = std::min(levels.highest, 8);
    choice how{coding, levels.lowest + data[1] % (highest - levels.lowest + 1), {}, data[3]};
    if (data[2] % 2 == 1) how.size_hint = std::uint64_t{1} << (data[2] / 4);
    how.largest_piece = how.largest_piece < 128 ? how.largest_piece + 1 : how.largest_piece * 256;
    const std::string_view part(reinterpret_cast<const char*>(data) + 5, size - 5);
    std::string content;
    for (unsigned i = 0; i <= data[4] && content.size() < 100'000; ++i) content += part;

    const auto coded = encode(how, content);
    REQUIRE_INVARIANT(decode(coding, coded, content.size()) == content);
    REQUIRE_INVARIANT(encode(how, content) == coded);
    REQUIRE_INVARIANT(coded.size() <= content.size() + content.size() / 100 + 64);
    return 0;
}
