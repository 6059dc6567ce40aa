// Snapshots that several threads make and let go at once: they share memory.
#include "files/snapshot.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::files {
namespace {

BOOST_AUTO_TEST_SUITE(snapshot_race)

BOOST_AUTO_TEST_CASE(each_thread_gets_its_own_bytes) {
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([t, &wrong] {
            std::vector<snapshot> kept(10);
            for (int i = 0; i < 300; ++i) {
                const std::string bytes(static_cast<std::size_t>(13'000 + 1000 * i % 200'000),
                                        static_cast<char>('a' + 5 * t + i % 5));
                auto& one = kept[static_cast<std::size_t>(i) % kept.size()];
                one = snapshot::of(bytes).value();
                if (one.bytes() != bytes) ++wrong;
                if (i >= 9 && kept[static_cast<std::size_t>(i + 1) % kept.size()].bytes().front() !=
                                  static_cast<char>('a' + 5 * t + (i - 9) % 5))
                    ++wrong;
            }
        });
    for (auto& one : threads) one.join();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead::files
