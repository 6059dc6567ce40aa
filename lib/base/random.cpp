#include "base/random.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace fairlead {

void fill_random(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw std::system_error(errno, std::system_category(), "getrandom");
        out = out.subspan(static_cast<std::size_t>(n));
    }
}

std::uint64_t next_unguessable() {
    struct reserve {
        std::array<std::uint64_t, 32> values;
        std::size_t left = 0;
    };
    thread_local reserve mine;
    if (mine.left == 0) {
        fill_random({reinterpret_cast<std::uint8_t*>(mine.values.data()), sizeof mine.values});
        mine.left = mine.values.size();
    }
    return std::exchange(mine.values[--mine.left], 0);  // what has been given out is not kept
}

std::uint64_t next_random() {
    // A bijection of a counter (Steele, Lea, Flood 2014): no value repeats within a thread's 2^64 calls.
    thread_local std::uint64_t state = [] {
        std::uint64_t seed = 0;
        fill_random({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
        return seed;
    }();
    std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

void write_hex(std::uint64_t value, char* out) noexcept {
    // Two digits at a time: every request has an identifier.
    static constexpr auto pairs = [] {
        std::array<std::array<char, 2>, 256> all{};
        constexpr char digits[] = "0123456789abcdef";
        for (std::size_t byte = 0; byte < all.size(); ++byte)
            all[byte] = {digits[byte >> 4], digits[byte & 15]};
        return all;
    }();
    for (int i = 7; i >= 0; --i, value >>= 8) std::memcpy(out + 2 * i, pairs[value & 255].data(), 2);
}

}  // namespace fairlead
