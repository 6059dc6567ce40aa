#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace fairlead {

void fill_random(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw std::system_error(errno, std::system_category(), "getrandom");
        out = out.subspan(static_cast<std::size_t>(n));
    }
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
    static constexpr char digits[] = "0123456789abcdef";
    for (int i = 15; i >= 0; --i, value >>= 4) out[i] = digits[value & 15];
}

}  // namespace fairlead
