#include "files/open_files.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

// Readers in all threads, files replaced, invalidated and evicted under them: bytes and validators stay
// together.
BOOST_AUTO_TEST_CASE(content_and_validators_stay_together) {
    const test::temp_dir dir;
    constexpr int names = 40, rounds = 60, readers = 4;
    const auto put = [&](int which, int version) {
        const std::string content(static_cast<std::size_t>(10 + version),
                                  static_cast<char>('a' + version % 26));
        const auto temporary = dir / ("new" + std::to_string(which));
        test::write_file(temporary, content);
        fs::rename(temporary, dir / std::to_string(which));
    };
    for (int i = 0; i < names; ++i) put(i, 0);

    open_files_limits limits;
    limits.entries = 32;  // fewer than there are files
    limits.content_size = 50;
    limits.descriptors = 16;
    limits.revalidate_after = std::chrono::milliseconds(1);
    limits.distrust_younger_than = std::chrono::milliseconds(0);
    open_files files(sandbox::open(dir.path()), limits,
                     {[](std::string_view, const open_file& file) { return file_head{file.etag}; }, {}});

    std::atomic<bool> is_over{false};
    std::atomic<int> wrong{0};
    const auto read = [&](int seed) {
        for (int i = seed; !is_over; ++i) {
            const auto name = std::to_string(i % names);
            auto file = files.find_now(name);
            if (!file) file = files.open(name);
            if (!file) {
                ++wrong;  // a replaced file is there at every moment
                continue;
            }
            const auto& found = **file;
            if (found.head.lines != found.etag || found.etag != make_entity_tag(found.info)) ++wrong;
            if (found.has_content && found.content.size() != found.info.size) ++wrong;
            if (found.has_content && found.content.find_first_not_of(found.content[0]) != std::string::npos)
                ++wrong;
            if (!found.has_content && !found.fd) ++wrong;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < readers; ++i) threads.emplace_back(read, i * 7);
    for (int version = 1; version <= rounds; ++version) {
        for (int i = 0; i < names; ++i) {
            put(i, version);
            if (i % 3 == 0) files.invalidate(std::to_string(i));
        }
        if (version % 20 == 0) files.clear();
        BOOST_TEST(files.current().entries <= 32U);
    }
    is_over = true;
    for (auto& thread : threads) thread.join();
    BOOST_TEST(wrong == 0);
    for (int i = 0; i < names; ++i) {
        files.invalidate(std::to_string(i));
        BOOST_TEST(files.open(std::to_string(i)).value()->info.size == 10U + rounds);
    }
}

}  // namespace
