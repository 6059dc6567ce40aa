#include "base/child_process.hpp"

#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <string>

namespace fairlead {
namespace {

/// Starts programs in a folder and reads what they write.
struct launcher {
    test::temp_dir folder;
    unique_fd folder_fd{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    unique_fd nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    std::vector<std::string> variables{"NAME=a b"};
    child_plan plan;
    unique_fd output;

    void write(const std::string& name, const std::string& text, mode_t mode = 0755) {
        std::ofstream(folder.path() / name) << text;
        ::chmod((folder.path() / name).c_str(), mode);
    }

    result<child_process> start(std::string program, std::vector<std::string> arguments) {
        std::vector<char*> environment;
        for (auto& one : variables) environment.push_back(one.data());
        environment.push_back(nullptr);
        int ends[2];
        BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        output.reset(ends[0]);
        const unique_fd theirs(ends[1]);
        plan.program = std::move(program);
        plan.arguments = std::move(arguments);
        plan.environment = environment.data();
        plan.folder = folder_fd.get();
        plan.input = plan.errors = nothing.get();
        plan.output = theirs.get();
        return child_process::start(plan);
    }

    std::string rest() {
        std::string all;
        char piece[4096];
        for (ssize_t n; (n = ::read(output.get(), piece, sizeof piece)) > 0;)
            all.append(piece, static_cast<std::size_t>(n));
        return all;
    }

    /// What `text`, run by sh, writes.
    std::string output_of(const std::string& text) {
        auto child = start("/bin/sh", {"sh", "-c", text});
        BOOST_TEST_REQUIRE(child.has_value());
        auto all = rest();
        child->reap();
        return all;
    }
};

/// Whoever has become its parent may not have looked yet.
bool is_zombie(pid_t id) {
    std::ifstream stat("/proc/" + std::to_string(id) + "/stat");
    std::string number, name, state;
    stat >> number >> name >> state;
    return state == "Z";
}

void wait_for_end(const child_process& child) {
    pollfd ended{child.handle(), POLLIN, 0};
    BOOST_TEST_REQUIRE(::poll(&ended, 1, 10'000) == 1);
}

BOOST_FIXTURE_TEST_SUITE(child_processes, launcher)

BOOST_AUTO_TEST_CASE(has_what_it_was_given_and_nothing_else) {
    BOOST_TEST(output_of("echo \"$NAME\"") == "a b\n");
    BOOST_TEST(output_of("exec env") == "NAME=a b\nPWD=" + folder.path().string() + "\n");
    BOOST_TEST(output_of("exec readlink /proc/self/cwd") == folder.path().string() + "\n");
    // One that nobody marked, as a library might.
    const unique_fd leak(::open("/dev/null", O_RDONLY));
    BOOST_TEST(output_of("[ -e /proc/self/fd/" + std::to_string(leak.get()) + " ] && echo leak") == "");
}

BOOST_AUTO_TEST_CASE(leads_a_group_and_has_plain_signals) {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &before);
    const auto status = output_of("exec grep -E '^(SigIgn|SigBlk|NoNewPrivs)' /proc/self/status");
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    BOOST_TEST(status == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n");
    BOOST_TEST(output_of("[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ] && echo leader") == "leader\n");
}

BOOST_AUTO_TEST_CASE(runs_a_file_of_its_folder) {
    write("-x.sh", "#!/bin/sh\necho \"$0\" \"$1\"\n");
    auto child = start("-x.sh", {"-x.sh", "one"});
    BOOST_TEST_REQUIRE(child.has_value());
    BOOST_TEST(rest() == "./-x.sh one\n");
    BOOST_TEST(child->reap().code == 0);
}

BOOST_AUTO_TEST_CASE(says_why_it_cannot_start) {
    write("plain", "text", 0644);
    write("broken", "#!/does/not/exist\n");
    std::filesystem::create_symlink("/bin/true", folder.path() / "link");
    struct {
        const char* program;
        int error;
    } const rows[] = {
        {"missing", ENOENT}, {"plain", EACCES},           {"broken", ENOENT},
        {"link", ELOOP},     {"/does/not/exist", ENOENT}, {"/etc/passwd", EACCES},
    };
    for (const auto& row : rows) {
        const auto child = start(row.program, {row.program});
        BOOST_TEST_REQUIRE(!child.has_value(), row.program);
        BOOST_TEST(child.error().value() == row.error, row.program);
    }
    // None of them is left as a zombie.
    BOOST_TEST(::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG) == -1);
    BOOST_TEST(errno == ECHILD);
}

BOOST_AUTO_TEST_CASE(keeps_limits) {
    plan.address_space = 64u << 20;
    plan.cpu_seconds = 7;
    BOOST_TEST(output_of("ulimit -v; ulimit -t; ulimit -H -t; ulimit -c") == "65536\n7\n8\n0\n");
    plan.cpu_seconds = 1;
    auto child = start("/bin/sh", {"sh", "-c", "while :; do :; done"});
    BOOST_TEST_REQUIRE(child.has_value());
    wait_for_end(*child);
    BOOST_TEST(child->reap().signal == SIGXCPU);
}

BOOST_AUTO_TEST_CASE(ends_with_its_group) {
    auto child = start("/bin/sh", {"sh", "-c", "sleep 100 & echo $!; exit 3"});
    BOOST_TEST_REQUIRE(child.has_value());
    wait_for_end(*child);
    BOOST_TEST(child->has_ended());
    child->kill_group(SIGKILL);
    const auto other = std::stoi(rest());  // which comes to its end, since nobody holds the pipe any more
    BOOST_TEST(child->reap().code == 3);
    for (int i = 0; i < 1000 && ::kill(other, 0) == 0; ++i) ::usleep(1000);
    BOOST_TEST((::kill(other, 0) != 0 || is_zombie(other)));
}

BOOST_AUTO_TEST_CASE(is_running_until_it_ends) {
    auto child = start("/bin/sleep", {"sleep", "100"});
    BOOST_TEST_REQUIRE(child.has_value());
    BOOST_TEST(!child->has_ended());
    child->kill_group(SIGTERM);
    wait_for_end(*child);
    BOOST_TEST(child->has_ended());
    BOOST_TEST(child->reap().signal == SIGTERM);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace fairlead
