// What a check of a rate costs with 1,000,000 clients whose buckets are not full: fails above 100 MB, or
// above 200 ns of processor time. A check reads one place of a table that no cache holds. Where that alone
// takes most of 200 ns, as in machines that share their memory with others, no table meets them, and a check
// fails when it costs half as much again as one read. Usage: rate_check [KEYS]
#include "limits/rate_limit.hpp"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>

using namespace fairlead;
using namespace std::chrono_literals;

namespace {

constexpr double most_nanoseconds = 200;
constexpr double most_reads = 1.5;
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

/// Numbers in no order that a cache could learn.
class scattered {
public:
    std::uint64_t below(std::uint64_t end) noexcept {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state_ >> 33) % end;
    }
    /// The next number cannot be known before `value` is.
    void wait_for(std::uint64_t value) noexcept { state_ += value; }

private:
    std::uint64_t state_ = 1;
};

/// As much memory as a table of `keys` has, in pages of the same kind.
class bare_memory {
public:
    explicit bare_memory(std::uint64_t keys)
        : lines_(keys),
          bytes_(keys * limits::rate_table::bytes_per_key),
          at_(::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
        if (at_ == MAP_FAILED) throw std::bad_alloc();
        (void)::madvise(at_, bytes_, MADV_HUGEPAGE);
        std::memset(at_, 1, bytes_);
    }
    ~bare_memory() { ::munmap(at_, bytes_); }
    bare_memory(const bare_memory&) = delete;
    bare_memory& operator=(const bare_memory&) = delete;

    void read(std::uint64_t times, scattered& numbers) const noexcept {
        for (std::uint64_t i = 0; i < times; ++i)
            numbers.wait_for(static_cast<const volatile std::uint8_t*>(
                at_)[numbers.below(lines_) * limits::rate_table::bytes_per_key]);
    }

private:
    const std::uint64_t lines_;
    const std::size_t bytes_;
    void* const at_;
};

/// Of each of `times` that `work` does.
template <typename Work>
double nanoseconds_of_each(std::uint64_t times, const Work& work) {
    const double begin = processor_nanoseconds();
    work();
    return (processor_nanoseconds() - begin) / static_cast<double>(times);
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

    const bare_memory memory(keys);
    double check = std::numeric_limits<double>::max();
    double read = check;
    scattered numbers;
    for (int round = 0; round < rounds; ++round) {
        read = std::min(read, nanoseconds_of_each(checks, [&] { memory.read(checks, numbers); }));
        check = std::min(
            check, nanoseconds_of_each(checks, [&] {
                for (std::uint64_t i = 0; i < checks; ++i)
                    refused +=
                        limit.admit(limit.client_of(address_of(numbers.below(keys))), start).refused_by !=
                        limits::rate_limit::reason::none;
            }));
    }
    const double most = std::max(most_nanoseconds, most_reads * read);
    std::printf(
        "%llu live keys: %.0f ns a check (most %.0f; one read of memory takes %.0f), %.0f MB (most %.0f), "
        "%llu had to give way, %llu refused\n",
        static_cast<unsigned long long>(keys), check, most, read, megabytes, most_megabytes,
        static_cast<unsigned long long>(table.forgiven()), static_cast<unsigned long long>(refused));
    return check <= most && megabytes <= most_megabytes ? EXIT_SUCCESS : EXIT_FAILURE;
}
