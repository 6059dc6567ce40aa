#include "files/open_files.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
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

// One write call after another over the whole file: what lies there between two of them is one letter.
BOOST_AUTO_TEST_CASE(no_content_is_from_the_middle_of_a_write) {
    const test::temp_dir dir;
    constexpr std::size_t size = 1 << 20;
    open_files_limits limits;
    limits.content_size = size;
    open_files files(sandbox::open(dir.path()), limits,
                     {[](std::string_view, const open_file&) { return file_head{}; }, {}});
    test::write_file(dir / "file", std::string(size, 'a'));
    const unique_fd file(::open((dir / "file").c_str(), O_WRONLY));

    std::atomic<bool> is_over{false};
    std::atomic<int> whole{0}, mixed{0}, failed{0};
    const auto read = [&] {
        while (!is_over) {
            const auto found = files.open("file");
            if (!found) ++failed;
            if (!found || !(*found)->has_content) continue;
            const auto& content = (*found)->content;
            ++(content.find_first_not_of(content[0]) == std::string::npos ? whole : mixed);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(read);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    for (int version = 0; std::chrono::steady_clock::now() < end; ++version) {
        const std::string content(size, static_cast<char>('a' + version % 26));
        if (::pwrite(file.get(), content.data(), size, 0) != static_cast<ssize_t>(size)) ++failed;
        std::this_thread::sleep_for(std::chrono::milliseconds(version % 8));  // time to read it in
    }
    is_over = true;
    for (auto& thread : threads) thread.join();
    BOOST_TEST(failed == 0);
    BOOST_TEST(mixed == 0);
    BOOST_TEST(whole > 0);
}

}  // namespace
