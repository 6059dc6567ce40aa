#include "handlers/script_keeper.hpp"

#include "base/event.hpp"
#include "handlers/script_errors.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>

namespace fairlead::handlers {
namespace {

// For a script to end by itself when its answer is complete; for what it left running when it ended itself;
// and between SIGTERM and SIGKILL.
constexpr std::chrono::seconds grace{1};
// Between two looks while somebody has to go; and after a burial, until what left the group has been left to
// us.
constexpr std::chrono::milliseconds pressed_pause{20};
constexpr std::chrono::milliseconds orphans_time{200};
constexpr std::chrono::milliseconds usual_pause{1000};
constexpr std::chrono::milliseconds for_ever{-1};

/// What a signal says of a limit.
std::string_view meaning_of(int signal) noexcept {
    switch (signal) {
        case SIGXCPU: return ": it used more than cgi.cpu_time";
        case SIGSEGV:
        case SIGABRT:
        case SIGBUS: return ": perhaps it needs more than cgi.memory";
        default: return "";
    }
}

}  // namespace

struct script_keeper::kept {
    enum class wanted { yes, fulfilled, no };

    kept(telemetry::log& log, label its)
        : name(std::move(its)), said(log, "script " + name.script, name.request_id) {}

    void read_errors();

    const label name;
    child_process child;
    unique_fd errors;
    limits::work_limit::permit place;
    std::shared_ptr<unique_fd> bell;
    unique_fd kept_open;
    std::atomic<wanted> is_wanted{wanted::yes};

    event gone;
    child_process::end how;  // written before `gone` is set

    // Of the keeper's thread.
    script_errors said;
    bool was_asked = false;                    // SIGTERM was sent
    std::optional<clock::time_point> since{};  // when it ended, or was not wanted any more
};

/// Logs what is there. A process that still has the other end may write more until it is killed.
void script_keeper::kept::read_errors() {
    std::array<char, 4096> piece;
    // A script that writes without end must not keep the others waiting.
    for (int turns = 0; errors && turns < 16; ++turns) {
        const auto got = ::read(errors.get(), piece.data(), piece.size());
        if (got > 0) said.take(std::span(piece).first(static_cast<std::size_t>(got)));
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errors.reset();
        if (got <= 0) return;
    }
}

namespace {

/// Those that it made, and those that lost their parents.
std::vector<pid_t> children_of_first_thread() {
    const auto self = std::to_string(::getpid());
    std::ifstream list("/proc/" + self + "/task/" + self + "/children");
    std::vector<pid_t> children;
    for (pid_t id = 0; list >> id;) children.push_back(id);
    return children;
}

void ring(const unique_fd& bell) noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(bell.get(), &one, sizeof one);
}

}  // namespace

script_keeper::wish::~wish() {
    if (!kept_) return;
    kept_->is_wanted = kept::wanted::no;
    ring(*kept_->bell);
}

task<child_process::end> script_keeper::wish::fulfil() {
    auto gone = kept_->gone.wait();
    const auto one = std::exchange(kept_, nullptr);
    one->is_wanted = kept::wanted::fulfilled;
    ring(*one->bell);
    co_await std::move(gone);
    co_return one->how;
}

void script_keeper::wish::keep_open(unique_fd one) noexcept {
    if (kept_) kept_->kept_open = std::move(one);
}

void script_keeper::strangers::add(pid_t id) {
    ids_.push_back(id);
    const auto session = ::getsid(id);
    if (session > 0 && session != ::getsid(0)) sessions_.push_back(session);
}

bool script_keeper::strangers::contain(pid_t id) const noexcept {
    return std::ranges::find(ids_, id) != ids_.end() ||
           std::ranges::find(sessions_, ::getsid(id)) != sessions_.end();
}

script_keeper::script_keeper(telemetry::log& log)
    : log_(log), bell_(std::make_shared<unique_fd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
    if (!*bell_) throw std::runtime_error(std::string("eventfd: ") + std::strerror(errno));
    for (const auto id : children_of_first_thread()) strangers_.add(id);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    thread_ = std::thread([this] { run(); });
}

script_keeper::~script_keeper() {
    {
        const std::lock_guard guard(mutex_);
        is_closing_ = true;
    }
    stop();
    thread_.join();
}

void script_keeper::stop() noexcept {
    {
        const std::lock_guard guard(mutex_);
        is_stopping_ = true;
    }
    ring(*bell_);
}

std::size_t script_keeper::size() const {
    const std::lock_guard guard(mutex_);
    return kept_.size();
}

result<script_keeper::wish> script_keeper::start(child_plan plan, label name,
                                                 limits::work_limit::permit place) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
    const auto one = std::make_shared<kept>(log_, std::move(name));
    one->errors.reset(ends[0]);
    const unique_fd theirs(ends[1]);
    // Only our end: a script that finds its error output full waits until we have read on.
    ::fcntl(one->errors.get(), F_SETFL, O_NONBLOCK);
    plan.errors = theirs.get();
    one->place = std::move(place);
    one->bell = bell_;
    {
        // Under the lock, so that nobody takes the child for an orphan.
        const std::lock_guard guard(mutex_);
        auto started = child_process::start(plan);
        if (!started) return started.error();
        one->child = std::move(*started);
        kept_.push_back(one);
    }
    ring(*bell_);
    return wish(one);
}

void script_keeper::run() {
    std::vector<pollfd> watched;
    bool is_pressed = false;
    for (;;) {
        watched.assign(1, {bell_->get(), POLLIN, 0});
        {
            const std::lock_guard guard(mutex_);
            if (is_closing_ && kept_.empty()) return;
            for (const auto& one : kept_) {
                // One that has ended stays readable; a descriptor below 0 is skipped (poll(2)).
                watched.push_back({one->since ? -1 : one->child.handle(), POLLIN, 0});
                watched.push_back({one->errors.get(), POLLIN, 0});
            }
        }
        const auto pause = is_pressed ? pressed_pause : (watched.size() > 1 ? usual_pause : for_ever);
        ::poll(watched.data(), watched.size(), static_cast<int>(pause.count()));
        std::uint64_t count = 0;
        [[maybe_unused]] const auto rung = ::read(bell_->get(), &count, sizeof count);
        std::vector<limits::work_limit::permit> freed;  // which goes to others outside of the lock
        is_pressed = turn(freed);
    }
}

/// Looks at all scripts once. True when one of them has to go.
bool script_keeper::turn(std::vector<limits::work_limit::permit>& freed) {
    const auto now = clock::now();
    bool is_pressed = false;
    const std::lock_guard guard(mutex_);
    std::erase_if(kept_, [&](const std::shared_ptr<kept>& one) {
        one->read_errors();
        const bool is_gone = is_over(*one, now);
        if (is_gone) {
            bury(*one);
            freed.push_back(std::move(one->place));
        }
        is_pressed |= !is_gone && one->since;
        return is_gone;
    });
    const bool has_orphans = bury_orphans();
    return is_pressed || has_orphans || now < orphans_until_;
}

/// Sends what has to go on its way. True when it has ended, and what it left has had its time.
bool script_keeper::is_over(kept& one, clock::time_point now) {
    const auto wanted = is_stopping_ ? kept::wanted::no : one.is_wanted.load();
    const bool has_ended = one.child.has_ended();
    if (!one.since && (has_ended || wanted != kept::wanted::yes)) one.since = now;
    if (!one.since) return false;
    const bool had_time = now >= *one.since + grace;
    if (has_ended) return wanted != kept::wanted::yes || had_time;
    if (wanted == kept::wanted::fulfilled && !had_time && !one.was_asked) return false;
    if (is_stopping_ || (one.was_asked && had_time)) {
        one.child.kill_group(SIGKILL);
    } else if (!one.was_asked) {
        one.child.kill_group(SIGTERM);
        one.was_asked = true;
        one.since = now;
    }
    return false;
}

void script_keeper::bury(kept& one) {
    // While the program is a zombie nobody else has its number, so the group is its own.
    one.child.kill_group(SIGKILL);
    one.read_errors();
    one.errors.reset();
    one.said.finish();
    const auto how = one.child.reap();
    report_end(one, how);
    one.how = one.was_asked || is_stopping_ ? child_process::end{how.code, 0} : how;
    one.gone.set();
    orphans_until_ = clock::now() + orphans_time;
}

void script_keeper::report_end(const kept& one, child_process::end how) {
    if (how.signal != 0 && !one.was_asked && !is_stopping_)
        log_.warn("script {} of request {} was ended by signal {}{}", one.name.script, one.name.request_id,
                  how.signal, meaning_of(how.signal));
    else
        log_.debug("script {} of request {} ended: code {}, signal {}", one.name.script, one.name.request_id,
                   how.code, how.signal);
}

/// Kills and buries processes that left the group of their script and then lost their parent. They are
/// children of our first thread; scripts mostly are children of those that started them. True when one of
/// them is left.
bool script_keeper::bury_orphans() {
    bool is_left = false;
    for (const auto id : children_of_first_thread()) {
        const auto leads = [](pid_t group) {
            return [group](const auto& one) { return one->child.id() == group; };
        };
        if (std::any_of(kept_.begin(), kept_.end(), leads(id))) continue;
        const bool is_in_group = std::any_of(kept_.begin(), kept_.end(), leads(::getpgid(id)));
        const bool is_a_strangers = strangers_.contain(id);
        if (!is_in_group && !is_a_strangers) ::kill(id, SIGKILL);
        siginfo_t ended{};
        ::waitid(P_PID, static_cast<id_t>(id), &ended, WEXITED | WNOHANG);
        is_left |= ended.si_pid == 0 && !is_in_group && !is_a_strangers;
        if (ended.si_pid == id) strangers_.forget(id);
    }
    return is_left;
}

}  // namespace fairlead::handlers
