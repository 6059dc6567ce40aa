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
    sip_state(std::uint64_t k0, std::uint64_t k1) noexcept
        : v0(k0 ^ 0x736f6d6570736575),
          v1(k1 ^ 0x646f72616e646f6d),
          v2(k0 ^ 0x6c7967656e657261),
          v3(k1 ^ 0x7465646279746573) {}

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

    void add(std::span<const std::uint8_t> bytes) noexcept {
        auto rest = bytes;
        for (; rest.size() >= 8; rest = rest.subspan(8)) {
            std::uint64_t word = 0;
            std::memcpy(&word, rest.data(), sizeof word);
            add(little_endian(word));
        }
        std::uint64_t last = std::uint64_t{bytes.size() & 255} << 56;
        for (std::size_t at = 0; at < rest.size(); ++at) last |= std::uint64_t{rest[at]} << (8 * at);
        add(last);
    }

    std::uint64_t finish() noexcept {
        for (int i = 0; i < 4; ++i) round();
        return v0 ^ v1 ^ v2 ^ v3;
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
    sip_state state(k0_, k1_);
    state.add(bytes);
    state.v2 ^= 0xFF;
    return state.finish();
}

std::array<std::uint64_t, 2> keyed_hash::wide(std::span<const std::uint8_t> bytes) const noexcept {
    sip_state state(k0_, k1_);
    state.v1 ^= 0xEE;
    state.add(bytes);
    state.v2 ^= 0xEE;
    const auto first = state.finish();
    state.v1 ^= 0xDD;
    return {first, state.finish()};
}

}  // namespace fairlead
