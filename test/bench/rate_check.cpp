// What a check of a rate costs with 1,000,000 clients whose buckets are not full: fails above 200 ns of
// processor time, or above 100 MB. Usage: rate_check [KEYS]
#include "limits/rate_limit.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>

using namespace fairlead;
using namespace std::chrono_literals;

namespace {

constexpr double most_nanoseconds = 200;
constexpr double most_megabytes = 100;
// The best of many short rounds counts: what else runs on the machine takes caches away, and only adds.
constexpr int rounds = 50;
constexpr std::uint64_t checks = 100'000;

double resident_megabytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t all = 0, resident = 0;
    statm >> all >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

double processor_nanoseconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// Every other client has IPv4.
ip_address address_of(std::uint64_t number) {
    std::array<std::uint8_t, 16> bytes{};
    const bool is_v4 = number % 2 == 0;
    if (is_v4)
        bytes[10] = bytes[11] = 0xFF;
    else
        bytes[0] = 0x20;
    for (std::size_t i = 0; i < 4; ++i)
        bytes[(is_v4 ? 12 : 4) + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return ip_address(bytes);
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t keys = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const double before = resident_megabytes();
    limits::rate_table table(keys);
    const limits::rate_limit limit(table, {{600, 3600s}, 600, {0, 1s}}, 0);
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t refused = 0;
    for (std::uint64_t i = 0; i < keys; ++i)
        refused +=
            limit.admit(limit.client_of(address_of(i)), start).refused_by != limits::rate_limit::reason::none;
    const double megabytes = resident_megabytes() - before;

    double best = std::numeric_limits<double>::max();
    std::uint64_t at = 1;
    for (int round = 0; round < rounds; ++round) {
        const double begin = processor_nanoseconds();
        for (std::uint64_t i = 0; i < checks; ++i) {
            at = at * 6364136223846793005ULL + 1442695040888963407ULL;  // no order that a cache could learn
            refused += limit.admit(limit.client_of(address_of((at >> 33) % keys)), start).refused_by !=
                       limits::rate_limit::reason::none;
        }
        best = std::min(best, (processor_nanoseconds() - begin) / static_cast<double>(checks));
    }
    std::printf(
        "%llu live keys: %.0f ns a check (most %.0f), %.0f MB (most %.0f), %llu had to give way, %llu "
        "refused\n",
        static_cast<unsigned long long>(keys), best, most_nanoseconds, megabytes, most_megabytes,
        static_cast<unsigned long long>(table.forgiven()), static_cast<unsigned long long>(refused));
    return best <= most_nanoseconds && megabytes <= most_megabytes ? EXIT_SUCCESS : EXIT_FAILURE;
}
