#pragma once

#include "base/child_process.hpp"
#include "base/task.hpp"
#include "base/unique_fd.hpp"
#include "limits/work_limit.hpp"
#include "telemetry/log.hpp"

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::handlers {

/// Starts scripts, logs what they write to their standard error, and sees to it that nothing of them is left:
///
///   its output is complete   the script has a second to come to its end by itself, then as below
///   nobody wants its answer  SIGTERM to its group, a second later SIGKILL
///   it ends by itself        what it left running in its group is killed when the output is complete, or a
///                            second later: then output that such a process holds open is complete, too
///
/// A process that left the group (setsid(2)) falls to us when its parent ends, since we are a "child
/// subreaper" (prctl(2)), and is killed then. So from the first keeper on, this process takes every child
/// that its first thread did not get from a keeper for a script's; but not those that it had before, as after
/// "php-fpm -D; exec fairlead" in a container, nor those of their sessions. The limit: one that forks again
/// and ends, over and over, faster than we look (50 times a second) is only stopped by what limits the user
/// or the container.
///
/// It has a thread of its own, since pipes and ends of all scripts are watched whether or not somebody waits
/// for their answers. Any thread may call it.
class script_keeper {
    struct kept;

public:
    explicit script_keeper(telemetry::log& log);
    /// Kills whatever is left, and returns when it is gone.
    ~script_keeper();
    script_keeper(const script_keeper&) = delete;
    script_keeper& operator=(const script_keeper&) = delete;

    /// How the log names a script.
    struct label {
        std::string script;
        std::string request_id;
    };

    /// The wish for the answer of a script that runs. When it is destroyed the script is not wanted any more.
    /// It may outlive the keeper.
    class wish {
    public:
        wish() = default;
        wish(wish&&) = default;
        wish& operator=(wish&& other) noexcept {
            std::swap(kept_, other.kept_);
            return *this;
        }
        ~wish();
        /// Says that the output has come to its end, waits until nothing is left of the script, which is at
        /// most two seconds, and tells how it ended. `end::signal` is 0 when it was us who sent one.
        task<child_process::end> fulfil();
        /// Keeps a descriptor open until nothing is left of the script: one whose standard input ends before
        /// its time would take half a body for a whole one in the moment before it is killed.
        void keep_open(unique_fd one) noexcept;

    private:
        friend class script_keeper;
        explicit wish(std::shared_ptr<kept> one) noexcept : kept_(std::move(one)) {}
        std::shared_ptr<kept> kept_;
    };

    /// Starts a program; its standard error is ours, whatever the plan says. `place` is given back when the
    /// last process of its group is gone. Blocks until the program has taken over. Error: an errno.
    result<wish> start(child_plan plan, label name, limits::work_limit::permit place);

    /// Kills all scripts now, also those that are started later: the server waits no longer.
    void stop() noexcept;

    /// Scripts of which something is left.
    std::size_t size() const;

private:
    using clock = std::chrono::steady_clock;

    /// Children that this process had before there were scripts: of whoever called exec(2), or, as process 1,
    /// of whoever ended.
    class strangers {
    public:
        void add(pid_t id);
        bool contain(pid_t id) const noexcept;
        void forget(pid_t id) { std::erase(ids_, id); }

    private:
        std::vector<pid_t> ids_;
        std::vector<pid_t> sessions_;  // other than ours
    };

    void run();
    bool turn(std::vector<limits::work_limit::permit>& freed);
    bool is_over(kept& one, clock::time_point now);
    void bury(kept& one);
    void report_end(const kept& one, child_process::end how);
    bool bury_orphans();

    telemetry::log& log_;
    const std::shared_ptr<unique_fd> bell_;  // eventfd(2), wakes the thread
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<kept>> kept_;
    bool is_stopping_ = false;  // no script is wanted any more
    bool is_closing_ = false;   // the thread ends with the last of them
    clock::time_point orphans_until_{};
    strangers strangers_;  // of the keeper's thread
    std::thread thread_;
};

}  // namespace fairlead::handlers
