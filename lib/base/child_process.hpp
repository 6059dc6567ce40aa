#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead {

/// Which program a child runs, and what it is given. Descriptors stay the caller's.
struct child_plan {
    /// An absolute path; or a name in `folder` without '/', which is then opened there and is no link.
    std::string program;
    std::vector<std::string> arguments;  ///< with argv[0]
    char* const* environment = nullptr;  ///< for execve(2); nothing is added
    int folder = -1;                     ///< an open directory: where the program starts
    int input = -1;
    int output = -1;
    int errors = -1;
    std::uint64_t cpu_seconds = 0;    ///< of each of its processes (RLIMIT_CPU); 0: no limit of ours
    std::uint64_t address_space = 0;  ///< bytes of each of its processes (RLIMIT_AS); 0: no limit of ours
};

/// A program that was started: the leader of a process group of its own. It has only standard input, output
/// and error, the given environment, no blocked or ignored signals, no core dumps, and can gain no rights by
/// running others (PR_SET_NO_NEW_PRIVS). When the thread that started it ends, it is killed.
///
/// The owner asks `has_ended`, then `kill_group`, then `reap`, in this order: until it is reaped, nobody else
/// can have its number, so that the group which is killed is its own.
class child_process {
public:
    child_process() = default;

    /// Starts the program without a shell and without copying this process: blocks until the program has
    /// taken over, so it is not for an I/O thread. Error: the errno of what failed, of execve(2) mostly.
    static result<child_process> start(const child_plan& plan);

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
    pid_t id() const noexcept { return id_; }
    /// Readable when the program has ended (pidfd_open(2)).
    int handle() const noexcept { return handle_.get(); }

    /// Whether the program has ended; others of its group may go on.
    bool has_ended() const noexcept;
    /// Sends a signal to the program and all processes of its group. Not after `reap`.
    void kill_group(int signal) const noexcept;

    /// How a program came to its end.
    struct end {
        int code = 0;    ///< what it returned, when no signal ended it
        int signal = 0;  ///< the signal that ended it, or 0
    };
    /// Takes the ended program out of the table of processes. Blocks while it has not ended.
    end reap() noexcept;

private:
    pid_t id_ = -1;
    unique_fd handle_;
};

}  // namespace fairlead
