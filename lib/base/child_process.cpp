#include "base/child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace fairlead {
namespace {

constexpr std::size_t stack_size = 64 * 1024;

/// What the child reads and writes: it shares the memory of the thread that waits for it.
struct launch {
    const child_plan& plan;
    char* const* arguments;
    int error = 0;
};

/// Memory for the child until it has become another program.
class child_stack {
public:
    child_stack() noexcept
        : begin_(::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                        -1, 0)) {}
    ~child_stack() {
        if (*this) ::munmap(begin_, stack_size);
    }
    child_stack(const child_stack&) = delete;
    child_stack& operator=(const child_stack&) = delete;
    explicit operator bool() const noexcept { return begin_ != MAP_FAILED; }
    void* top() const noexcept { return static_cast<char*>(begin_) + stack_size; }

private:
    void* const begin_;
};

/// No signal handler of ours may run in the child, on memory that it shares with us.
class signals_blocked {
public:
    signals_blocked() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

// From here on until `become` everything runs in the child: system calls only, since its memory is ours, and
// whoever holds a lock there stands still in another thread.

bool limit(decltype(RLIMIT_CPU) what, rlim_t soft, rlim_t hard) noexcept {
    rlimit most{};
    if (::getrlimit(what, &most) != 0) return false;
    const rlimit wanted{std::min(soft, most.rlim_max), std::min(hard, most.rlim_max)};
    return ::setrlimit(what, &wanted) == 0;
}

bool set_limits(const child_plan& plan) noexcept {
    if (!limit(RLIMIT_CORE, 0, 0)) return false;
    // SIGXCPU, which a program may catch, then SIGKILL.
    if (plan.cpu_seconds > 0 && !limit(RLIMIT_CPU, plan.cpu_seconds, plan.cpu_seconds + 1)) return false;
    return plan.address_space == 0 || limit(RLIMIT_AS, plan.address_space, plan.address_space);
}

/// Puts the descriptors at 0, 1 and 2. What is below 3 now could be overwritten before its turn.
bool place_descriptors(const child_plan& plan) noexcept {
    std::array<int, 3> given{plan.input, plan.output, plan.errors};
    for (auto& one : given) {
        if (one < 3) one = ::fcntl(one, F_DUPFD_CLOEXEC, 3);
        if (one < 0) return false;
    }
    for (int i = 0; i < 3; ++i)
        if (::dup2(given[static_cast<std::size_t>(i)], i) < 0) return false;
    // Each of ours has the flag already. A kernel before 5.11 cannot make sure of it.
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    return true;
}

void reset_signals() noexcept {
    struct sigaction plain{};
    plain.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &plain, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool prepare(const child_plan& plan) noexcept {
    // The folder comes before the descriptors are placed: its own may be one of the three.
    return ::setpgid(0, 0) == 0 && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::fchdir(plan.folder) == 0 &&
           place_descriptors(plan) && set_limits(plan);
}

[[gnu::no_sanitize("address", "thread")]] int become(void* argument) {
    auto& mine = *static_cast<launch*>(argument);
    if (prepare(mine.plan)) {
        reset_signals();
        const char* const program = mine.plan.program.c_str();
        // A name in the folder is not followed if it has become a link since it was checked. The kernel hands
        // it to the interpreter of a "#!" line as it stands here, so that this finds it, too.
        if (program[0] == '/')
            ::execve(program, mine.arguments, mine.plan.environment);
        else
            ::syscall(SYS_execveat, AT_FDCWD, program, mine.arguments, mine.plan.environment,
                      AT_SYMLINK_NOFOLLOW);
    }
    mine.error = errno;
    ::_exit(127);
}

}  // namespace

result<child_process> child_process::start(const child_plan& plan) {
    child_plan mine = plan;
    // Otherwise the interpreter of a script that is called "-x" would take the name for an option.
    if (!mine.program.starts_with('/')) mine.program.insert(0, "./");
    std::vector<char*> arguments;
    for (auto& one : mine.arguments) arguments.push_back(one.data());
    arguments.push_back(nullptr);
    launch way{mine, arguments.data()};
    const child_stack stack;
    if (!stack) return last_error();
    int handle = -1;
    pid_t id = -1;
    {
        const signals_blocked guard;
        // fork() would copy the page tables of all our memory. So the child runs in our memory while this
        // thread stands still, as in posix_spawn(3), which knows neither limits nor PR_SET_NO_NEW_PRIVS.
        id = ::clone(become, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &way, &handle);
    }
    if (id < 0) return last_error();
    child_process started;
    started.id_ = id;
    started.handle_.reset(handle);
    if (way.error == 0) return started;
    started.reap();
    return errno_code(way.error);
}

bool child_process::has_ended() const noexcept {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == id_;
}

void child_process::kill_group(int signal) const noexcept {
    ::kill(-id_, signal);
    // It may have left for the group that it was started from.
    ::kill(id_, signal);
}

child_process::end child_process::reap() noexcept {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED) != 0 && errno == EINTR) {
    }
    handle_.reset();
    end how;
    (info.si_code == CLD_EXITED ? how.code : how.signal) = info.si_status;
    return how;
}

}  // namespace fairlead
