#include "files/sandbox.hpp"

#include "support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::files;
namespace fs = std::filesystem;

namespace {

// While links and directories are exchanged as fast as possible, nothing outside the root is ever read, and
// what is read through a link always carries the name of what it is.
BOOST_AUTO_TEST_CASE(exchanged_links_and_directories_let_nothing_out) {
    const test::temp_dir dir;
    for (const auto* folder : {"www/sub/deep", "www/private", "www/still/x", "outside/deep"})
        fs::create_directories(dir / folder);
    for (const auto* file : {"outside/file", "outside/deep/file", "secret"})
        test::write_file(dir / file, "canary");
    for (const auto* file : {"www/sub/file", "www/sub/deep/file"}) test::write_file(dir / file, "inside");
    test::write_file(dir / "www/private/file", "private");
    test::write_file(dir / "www/page", "inside");
    test::write_file(dir / "www/still/file", "inside");
    fs::create_symlink("../outside", dir / "www/leaving");
    fs::create_symlink("private/file", dir / "www/to-private");
    fs::create_symlink("sub/deep", dir / "www/link");
    fs::create_symlink("../../outside/deep", dir / "www/sub/trap");
    fs::create_symlink("../file", dir / "www/sub/deep/up");

    std::atomic<bool> is_over{false};
    // By descriptor: a rename looks its two names up one after the other, and must not itself be led astray.
    const auto folder_of = [&](const char* name) {
        return unique_fd(::open((dir / name).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    };
    const auto top = folder_of("."), www = folder_of("www"), sub = folder_of("www/sub");
    const auto exchange = [&](const unique_fd& folder, const char* a, const char* b) {
        return std::thread([fd = folder.get(), a, b, &is_over] {
            while (!is_over) ::renameat2(fd, a, fd, b, RENAME_EXCHANGE);
        });
    };
    std::vector<std::thread> threads;
    threads.push_back(exchange(www, "sub", "leaving"));      // a directory and a link that leaves
    threads.push_back(exchange(sub, "deep", "trap"));        // the same, one level down
    threads.push_back(exchange(www, "page", "to-private"));  // a file and a link to what has other rules
    threads.push_back(
        exchange(top, "www/private", "outside/deep"));  // a directory that is carried out of the root

    const auto root = sandbox::open(dir / "www");
    static constexpr const char* paths[] = {"sub/file",
                                            "sub/deep/file",
                                            "sub/deep/up",
                                            "link/file",
                                            "link/../file",
                                            "page",
                                            "to-private",
                                            "leaving/file",
                                            "sub/trap/../../../secret",
                                            "still/x/../x/../x/../x/../x/../file"};
    std::atomic<int> reads{0}, canaries{0}, misnamed{0}, given_up{0}, unexpected{0};
    const auto open_all = [&](bool may_block) {
        while (!is_over) {
            for (const auto* path : paths) {
                const auto file = may_block ? root.open_file(path) : root.open_file_now(path);
                if (!file) {
                    const auto error = file.error();
                    const bool is_usual = error == errc::overloaded || error.value() == EXDEV ||
                                          error.value() == ENOENT || error.value() == ENOTDIR ||
                                          (!may_block && error.value() == EAGAIN);
                    if (!is_usual) ++unexpected;
                    if (error == errc::overloaded) ++given_up;
                    continue;
                }
                char bytes[16];
                const auto n = ::pread(file->fd.get(), bytes, sizeof bytes, 0);
                const std::string_view content(bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
                ++reads;
                // The fourth exchange carries "outside/deep" in as "private": then its file is rightly
                // inside.
                if (content == "canary" && file->final_path != "private/file") ++canaries;
                if (content == "private" && file->final_path != "private/file") ++misnamed;
                if (content == "inside" && file->final_path == "private/file") ++misnamed;
            }
        }
    };
    threads.emplace_back(open_all, true);
    threads.emplace_back(open_all, false);
    std::this_thread::sleep_for(
        std::chrono::seconds(2));  // the length of the attack, not a wait for a result
    is_over = true;
    for (auto& thread : threads) thread.join();

    BOOST_TEST_MESSAGE(reads << " reads, " << given_up << " given up");
    BOOST_TEST(reads > 100);
    // Whoever renames all the time can make an open fail (503), by luck of the scheduler; not often.
    BOOST_TEST(given_up * 100 < reads);
    BOOST_TEST(canaries == 0);
    BOOST_TEST(misnamed == 0);
    BOOST_TEST(unexpected == 0);
}

}  // namespace
