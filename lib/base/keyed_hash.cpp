#include "base/keyed_hash.hpp"

#include "base/random.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace fairlead {
namespace {

std::uint64_t little_endian(std::uint64_t value) noexcept {
    return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

struct sip_state {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }

    void add(std::uint64_t word) noexcept {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

}  // namespace

keyed_hash::keyed_hash() {
    std::array<std::uint64_t, 2> key{};
    fill_random({reinterpret_cast<std::uint8_t*>(key.data()), sizeof key});
    k0_ = key[0];
    k1_ = key[1];
}

std::uint64_t keyed_hash::operator()(std::span<const std::uint8_t> bytes) const noexcept {
    sip_state state{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261,
                    k1_ ^ 0x7465646279746573};
    auto rest = bytes;
    for (; rest.size() >= 8; rest = rest.subspan(8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, rest.data(), sizeof word);
        state.add(little_endian(word));
    }
    std::uint64_t last = std::uint64_t{bytes.size() & 255} << 56;
    for (std::size_t at = 0; at < rest.size(); ++at) last |= std::uint64_t{rest[at]} << (8 * at);
    state.add(last);
    state.v2 ^= 0xFF;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace fairlead
