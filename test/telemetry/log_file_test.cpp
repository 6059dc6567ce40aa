#include "telemetry/log_file.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/log.hpp"
#include "telemetry/log_queue.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <thread>

using namespace fairlead;
using namespace fairlead::telemetry;
namespace fs = std::filesystem;

namespace {

/// A directory that is removed with what is in it.
struct scratch_directory {
    scratch_directory() {
        std::string name = (fs::temp_directory_path() / "fairlead-log-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::system_category(), name);
        path = name;
    }
    ~scratch_directory() { fs::remove_all(path); }
    fs::path path;
};

std::vector<std::string> lines_of(const fs::path& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

/// A FIFO that holds two pages, with its reading end.
struct small_fifo {
    explicit small_fifo(const fs::path& where) : path(where) {
        BOOST_TEST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        reader = unique_fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        BOOST_TEST_REQUIRE(::fcntl(reader.get(), F_SETPIPE_SZ, 8192) == 8192);
    }
    /// What the FIFO holds now.
    std::string read_available() const {
        std::string text;
        char piece[4096];
        for (ssize_t got = 0; (got = ::read(reader.get(), piece, sizeof piece)) > 0;)
            text.append(piece, static_cast<std::size_t>(got));
        return text;
    }
    fs::path path;
    unique_fd reader;
};

std::uint64_t count_lines(const std::string& text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

access_record record_of(unsigned status) {
    access_record record;
    record.status = status;
    return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_files)

BOOST_AUTO_TEST_CASE(a_file_is_appended_to_and_not_for_everyone) {
    const scratch_directory directory;
    const fs::path path = directory.path / "log";
    std::ofstream(path) << "before\n";
    BOOST_TEST(log_file(path, 2).write("a\nb\n") == 0u);
    BOOST_TEST((lines_of(path) == std::vector<std::string>{"before", "a", "b"}));
    log_file created(directory.path / "new", 2);
    struct stat info{};
    BOOST_TEST_REQUIRE(::stat((directory.path / "new").c_str(), &info) == 0);
    BOOST_TEST((info.st_mode & 07) == 0u);
    BOOST_TEST(!created.is_terminal());
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_an_error_that_names_it) {
    const scratch_directory directory;
    const std::string path = directory.path / "absent" / "log";
    const auto names_path = [&](const std::system_error& error) {
        return error.code() == std::errc::no_such_file_or_directory &&
               std::string_view(error.what()).find(path) != std::string_view::npos;
    };
    log_options options;
    options.file = path;
    BOOST_CHECK_EXCEPTION(telemetry::log{options}, std::system_error, names_path);
    log_options security_options;
    security_options.security_file = path;
    BOOST_CHECK_EXCEPTION(telemetry::log{security_options}, std::system_error, names_path);
    access_log_options access_options;
    access_options.failure = {access_format::combined, path};
    BOOST_CHECK_EXCEPTION(access_log{access_options}, std::system_error, names_path);
}

BOOST_AUTO_TEST_CASE(reopening_after_a_rename_loses_no_line) {
    const scratch_directory directory;
    const fs::path path = directory.path / "log";
    constexpr int writers = 3, each = 2000, renames = 20;
    log_options options;
    options.file = path;
    options.queue_size = writers * each;
    telemetry::log server_log(options);
    std::vector<std::thread> threads;
    std::atomic<int> running{writers};
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&, writer] {
            for (int i = 0; i < each; ++i) server_log.info("{}-{}", writer, i);
            --running;
        });
    int renamed = 0;
    while (running > 0 || renamed < renames) {
        if (renamed == renames) continue;
        fs::rename(path, directory.path / std::to_string(renamed++));
        server_log.reopen();
        BOOST_TEST(fs::exists(path));
    }
    for (auto& thread : threads) thread.join();
    server_log.flush();
    std::multiset<std::string> messages;
    for (const auto& file : fs::directory_iterator(directory.path))
        for (const auto& line : lines_of(file)) messages.insert(line.substr(line.rfind(' ') + 1));
    BOOST_TEST(server_log.dropped() == 0u);
    BOOST_TEST(messages.size() == static_cast<std::size_t>(writers * each));
    BOOST_TEST(std::set<std::string>(messages.begin(), messages.end()).size() == messages.size());
}

BOOST_AUTO_TEST_CASE(a_failed_reopen_keeps_the_old_file) {
    const scratch_directory directory;
    const fs::path inner = directory.path / "inner", moved = directory.path / "moved";
    fs::create_directory(inner);
    log_file file(inner / "log", 2);
    fs::rename(inner, moved);
    BOOST_TEST(file.reopen() == errno_code(ENOENT));
    BOOST_TEST(file.write("still here\n") == 0u);
    BOOST_TEST((lines_of(moved / "log") == std::vector<std::string>{"still here"}));
    fs::create_directory(inner);
    BOOST_TEST(file.reopen() == error_code());
    BOOST_TEST(file.write("new\n") == 0u);
    BOOST_TEST((lines_of(inner / "log") == std::vector<std::string>{"new"}));
}

BOOST_AUTO_TEST_CASE(a_full_disk_loses_lines_and_counts_them) {
    log_file full("/dev/full", 2);
    BOOST_TEST(full.write("a\nb\nc\n") == 3u);
    log_options options;
    options.file = "/dev/full";
    telemetry::log server_log(options);
    for (int i = 0; i < 10; ++i) server_log.info("x");
    server_log.flush();
    BOOST_TEST(server_log.dropped() == 10u);
}

BOOST_AUTO_TEST_CASE(each_log_counts_its_own_losses) {
    const scratch_directory directory;
    log_options options;
    options.file = directory.path / "log";
    options.security_file = "/dev/full";
    telemetry::log server_log(options);
    server_log.info("x");
    server_log.security({"host", "192.0.2.7", "192.0.2.7", "4f2c", "x"});
    server_log.flush();
    BOOST_TEST(server_log.dropped() == 1u);
    BOOST_TEST(lines_of(options.file).size() == 1u);

    access_log_options access_options;
    access_options.success = {access_format::common, directory.path / "success"};
    access_options.failure = {access_format::common, "/dev/full"};
    access_log requests(access_options);
    for (const unsigned status : {200u, 404u, 304u, 500u}) requests.write(record_of(status));
    requests.flush();
    BOOST_TEST(requests.dropped() == 2u);
    BOOST_TEST(lines_of(directory.path / "success").size() == 2u);
}

BOOST_AUTO_TEST_CASE(successes_and_failures_may_share_a_file) {
    const scratch_directory directory;
    const fs::path path = directory.path / "both";
    access_log_options options;
    options.success = options.failure = {access_format::common, path};
    access_log requests(options);
    for (unsigned i = 0; i < 100; ++i) requests.write(record_of(i % 2 == 0 ? 200 : 404));
    requests.flush();
    const auto lines = lines_of(path);
    BOOST_TEST_REQUIRE(lines.size() == 100u);
    // In the order of the requests, since there is one queue.
    for (std::size_t i = 0; i < lines.size(); ++i)
        BOOST_TEST(lines[i].find(i % 2 == 0 ? " 200 " : " 404 ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_file_is_opened_again_though_one_cannot_be) {
    const scratch_directory directory;
    const fs::path inner = directory.path / "inner";
    fs::create_directory(inner);
    access_log_options options;
    options.all = {access_format::common, inner / "all"};
    options.success = {access_format::common, directory.path / "success"};
    options.failure = {access_format::common, directory.path / "failure"};
    access_log requests(options);
    fs::rename(inner, directory.path / "moved");
    for (const auto* name : {"success", "failure"})
        fs::rename(directory.path / name, directory.path / (std::string(name) + ".1"));
    BOOST_TEST(!requests.reopen());
    requests.write(record_of(404));
    requests.flush();
    BOOST_TEST(lines_of(directory.path / "moved/all").size() == 1u);
    BOOST_TEST(lines_of(directory.path / "failure").size() == 1u);
    BOOST_TEST(fs::exists(directory.path / "success"));
    fs::create_directory(inner);
    BOOST_TEST(requests.reopen());
    BOOST_TEST(requests.dropped() == 0u);
}

BOOST_AUTO_TEST_CASE(a_pipe_gets_whole_lines_only) {
    const scratch_directory directory;
    const small_fifo fifo(directory.path / "fifo");
    log_file file(fifo.path, 2);
    std::string text;
    for (int i = 0; i < 100; ++i) text += std::string(99, 'x') + '\n';
    const std::uint64_t lost = file.write(text);
    const std::string arrived = fifo.read_available();
    BOOST_TEST(lost > 0u);
    BOOST_TEST(arrived.ends_with('\n'));
    BOOST_TEST(count_lines(arrived) + lost == 100u);
    BOOST_TEST(file.write("after\n") == 0u);
    BOOST_TEST(fifo.read_available() == "after\n");
}

BOOST_AUTO_TEST_CASE(a_line_cut_by_a_full_pipe_does_not_run_into_the_next) {
    const scratch_directory directory;
    const small_fifo fifo(directory.path / "fifo");
    log_file file(fifo.path, 2);
    // Longer than PIPE_BUF and than the FIFO, so only a part of it arrives.
    BOOST_TEST(file.write(std::string(10'000, 'x') + '\n') == 1u);
    BOOST_TEST(fifo.read_available() == std::string(8192, 'x'));
    BOOST_TEST(file.write("next\n") == 0u);
    BOOST_TEST(fifo.read_available() == "\nnext\n");
}

BOOST_AUTO_TEST_CASE(a_full_queue_drops_the_oldest_lines_and_counts_each) {
    const scratch_directory directory;
    const small_fifo fifo(directory.path / "fifo");
    constexpr std::uint64_t posted = 2000;
    std::uint64_t dropped = 0;
    std::string last_line;
    {
        log_queue queue(fifo.path, 2, 16, log_queue::pace::at_once);
        for (std::uint64_t i = 0; i < posted; ++i) queue.post(std::to_string(i) + std::string(200, ' '));
        // That the loop came to its end although nobody reads shows that a full queue makes nobody wait.
        const std::string stuck = fifo.read_available();
        queue.flush();
        const std::string rest = stuck + fifo.read_available();
        dropped = queue.dropped();
        BOOST_TEST(dropped >= posted - 16 - 2 * 32 * 1024 / 200);
        BOOST_TEST(count_lines(rest) + dropped == posted);
        queue.post("last");
        queue.flush();
        last_line = fifo.read_available();
        BOOST_TEST(queue.dropped() == dropped);
    }
    BOOST_TEST(last_line == "last\n");
}

BOOST_AUTO_TEST_CASE(lines_wait_for_each_other_and_are_written_together) {
    const scratch_directory directory;
    const small_fifo fifo(directory.path / "fifo");
    log_queue queue(fifo.path, 2, 8192, log_queue::pace::gathered);
    std::string posted;
    bool was_quick = false;
    for (int attempt = 0; attempt < 100 && !was_quick; ++attempt) {
        const auto begin = std::chrono::steady_clock::now();
        posted.clear();
        for (int i = 0; i < 20; ++i) {
            queue.post(std::to_string(i));
            posted += std::to_string(i) + '\n';
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        const auto early = fifo.read_available();
        // On a machine that has no time for this thread, 10 ms have passed.
        was_quick = std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(9);
        if (was_quick) BOOST_TEST(early == "");
        queue.flush();
        BOOST_TEST(early + fifo.read_available() == posted);
    }
    BOOST_TEST(was_quick);
    BOOST_TEST(queue.dropped() == 0u);
}

BOOST_AUTO_TEST_CASE(a_short_queue_does_not_overflow_while_lines_are_gathered) {
    const scratch_directory directory;
    const small_fifo fifo(directory.path / "fifo");
    log_queue queue(fifo.path, 2, 64, log_queue::pace::gathered);
    bool was_complete = false;  // a thread that gets no processor for 6 ms loses some at any pace
    for (int attempt = 0; attempt < 50 && !was_complete; ++attempt) {
        const auto dropped = queue.dropped();
        for (int i = 0; i < 300; ++i) {
            queue.post(std::to_string(i));
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
        queue.flush();
        was_complete = queue.dropped() == dropped;
        const auto written = fifo.read_available();
        if (was_complete) BOOST_TEST(count_lines(written) == 300u);
    }
    BOOST_TEST(was_complete);
}

BOOST_AUTO_TEST_CASE(the_destructor_writes_what_is_queued) {
    const scratch_directory directory;
    const fs::path path = directory.path / "log";
    {
        access_log_options options;
        options.all = {access_format::common, path};
        access_log requests(options);
        for (int i = 0; i < 500; ++i) requests.write(access_record{});
    }
    BOOST_TEST(lines_of(path).size() == 500u);
}

BOOST_AUTO_TEST_SUITE_END()
