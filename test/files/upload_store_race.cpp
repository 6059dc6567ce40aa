#include "files/staged_file.hpp"
#include "files/upload_store.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

BOOST_AUTO_TEST_CASE(commits_of_many_threads) {
    constexpr int threads = 8, commits = 25;
    for (const upload_store_probe probe : {upload_store_probe{}, upload_store_probe{false, false, false}}) {
        const test::temp_dir dir;
        upload_store store(dir.path(), config::durability::full, probe);
        std::mutex mutex;
        std::map<std::string, std::string> stored;
        std::atomic<int> failed{0};
        const auto work = [&](int thread) {
            for (int i = 0; i < commits; ++i) {
                const auto content = std::to_string(thread) + " " + std::to_string(i);
                auto file = staged_file::create(store);
                if (!file || file->write(content)) {
                    ++failed;
                    continue;
                }
                const auto name = file->commit();
                const std::lock_guard guard(mutex);
                if (!name || !stored.emplace(*name, content).second) ++failed;
            }
        };
        std::vector<std::thread> running;
        for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
        for (auto& thread : running) thread.join();
        BOOST_TEST(failed == 0);
        BOOST_TEST(stored.size() == std::size_t{threads * commits});
        std::size_t found = 0;
        for (const auto& entry : fs::directory_iterator(dir.path())) {
            ++found;
            BOOST_TEST(test::read_file(entry.path()) == stored[entry.path().filename()]);
        }
        BOOST_TEST(found == stored.size());
    }
}

// Whoever shares a failed round fails, and so does everybody after it.
BOOST_AUTO_TEST_CASE(a_broken_disk_fails_every_commit) {
    const test::temp_dir dir;
    upload_store store(dir.path(), config::durability::full);
    std::atomic<int> after{0}, wrong{0};
    std::atomic<bool> is_broken{false};
    const auto work = [&] {
        for (int i = 0; i < 100; ++i) {
            const bool was_broken = is_broken;
            auto file = staged_file::create(store);
            const bool is_stored = file && !file->write(std::string("{}")) && file->commit();
            if (was_broken) ++after;
            if (was_broken && is_stored) ++wrong;
            if (i == 20) {
                store.note(errno_code(EIO));
                is_broken = true;
            }
        }
    };
    std::vector<std::thread> running;
    for (int i = 0; i < 4; ++i) running.emplace_back(work);
    for (auto& thread : running) thread.join();
    BOOST_TEST(after > 0);
    BOOST_TEST(wrong == 0);
}

}  // namespace
