#include "load_run.hpp"

#include "answer.hpp"
#include "outgoing.hpp"
#include "pace.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>
#include <system_error>
#include <utility>

namespace fairlead::bench {
namespace {

using clock = std::chrono::steady_clock;

// At most this many handshakes at once: more would measure the listener's backlog and not the server.
constexpr unsigned handshakes_at_once = 256;
// Bodies with more than this to come are thrown away by the kernel, which spares the copy.
constexpr std::uint64_t discard_from = 64 * 1024;
constexpr std::size_t discard_at_once = 1 << 20;

struct connection {
    int fd = -1;
    bool connecting = false;
    bool wants_write = false;
    bool answered = false;     // nothing more is due; the server's close is awaited
    unsigned outstanding = 0;  // requests sent, or on their way, without their answer
    std::string own;           // the requests being sent, when each of them differs
    outgoing to_send;
    answer_reader reader;
    clock::time_point sent_at;
};

class generator {
public:
    generator(const plan& plan, std::vector<int>& held);
    ~generator();
    generator(const generator&) = delete;
    generator& operator=(const generator&) = delete;

    report run();

private:
    int wait_for_events();
    void open_missing();
    void send_due();
    void give_work(connection& to);
    bool open(connection& to);
    void finish_handshake(connection& of);
    void send_batch(connection& to);
    void flush(connection& to);
    void receive(connection& from);
    bool take_answers(connection& from, std::string_view input);
    void count(connection& from);
    void go_on(connection& with);
    void ended_by_server(connection& by);
    void drop(connection& which);
    void watch(connection& which, int operation, bool write);

    const plan& plan_;
    std::vector<int>& held_;
    report report_;
    std::string batch_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::vector<connection*> closed_;
    std::vector<connection*> resting_;  // open, until a request is due
    std::vector<char> scratch_ = std::vector<char>(256 * 1024);
    std::array<epoll_event, 256> events_;
    std::uint64_t wanted_;      // requests to be answered
    std::uint64_t issued_ = 0;  // requests sent, or on their way
    std::uint64_t ended_ = 0;   // requests answered or lost
    unsigned handshakes_ = 0;
    digit_writer digits_;
    pace pace_;
    int epoll_ = -1;
};

generator::generator(const plan& plan, std::vector<int>& held)
    : plan_(plan), held_(held), wanted_(plan.requests), digits_(plan.varied), pace_(plan.rate) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    for (unsigned i = 0; i < plan.pipeline; ++i) batch_ += plan.request;
    for (unsigned i = 0; i < plan.connections; ++i) {
        connections_.push_back(std::make_unique<connection>());
        closed_.push_back(connections_.back().get());
    }
}

generator::~generator() {
    for (const auto& each : connections_)
        if (each->fd >= 0) ::close(each->fd);
    ::close(epoll_);
}

report generator::run() {
    const auto begin = clock::now();
    pace_.begin(begin);
    while (ended_ < wanted_) {
        open_missing();
        send_due();
        const int ready = wait_for_events();
        for (int i = 0; i < ready; ++i) {
            const auto& event = events_[static_cast<std::size_t>(i)];
            auto& which = *static_cast<connection*>(event.data.ptr);
            if (which.connecting)
                finish_handshake(which);
            else if (which.wants_write)
                flush(which);
            if (which.fd >= 0 && !which.connecting && (event.events & ~EPOLLOUT)) receive(which);
        }
        const auto elapsed = clock::now() - begin;
        if (elapsed > plan_.limit) {
            report_.timed_out = true;
            break;
        }
        if (plan_.stop_after.count() > 0 && elapsed > plan_.stop_after) wanted_ = std::min(wanted_, issued_);
    }
    report_.duration = clock::now() - begin;
    if (plan_.hold)
        for (const auto& each : connections_)
            if (each->fd >= 0) held_.push_back(std::exchange(each->fd, -1));
    return report_;
}

/// Waits a tenth of a second at most, and not beyond what is due next.
int generator::wait_for_events() {
    constexpr std::chrono::milliseconds longest{100};
    const bool is_some_due = !resting_.empty() && issued_ < wanted_;
    const auto time = is_some_due ? pace_.wait(clock::now(), longest) : std::chrono::nanoseconds(longest);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec limit{seconds.count(), (time - seconds).count()};
    return ::epoll_pwait2(epoll_, events_.data(), events_.size(), &limit, nullptr);
}

void generator::send_due() {
    while (!resting_.empty() && issued_ < wanted_ && pace_.due() <= clock::now()) {
        auto& next = *resting_.back();
        resting_.pop_back();
        send_batch(next);
        next.sent_at = pace_.due();
        pace_.pass();
    }
}

/// To a connection that has nothing to do.
void generator::give_work(connection& to) {
    if (pace_.is_set())
        resting_.push_back(&to);
    else
        send_batch(to);
}

void generator::open_missing() {
    while (!closed_.empty() && issued_ < wanted_ && handshakes_ < handshakes_at_once) {
        auto& next = *closed_.back();
        closed_.pop_back();
        if (open(next)) continue;
        ++report_.unconnected;
        // The request that it would have carried is lost, so that a server that is gone ends the run.
        ++issued_;
        ++ended_;
        drop(next);
    }
}

/// False when the connection is refused at once.
bool generator::open(connection& to) {
    to.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (to.fd < 0) return false;
    to.reader = {};
    to.answered = false;
    to.sent_at = clock::now();
    if (const auto& source = plan_.source;
        source && ::bind(to.fd, reinterpret_cast<const sockaddr*>(&*source), sizeof *source) != 0)
        return false;
    const auto failed =
        ::connect(to.fd, reinterpret_cast<const sockaddr*>(&plan_.server), sizeof plan_.server) != 0;
    if (failed && errno != EINPROGRESS) return false;
    to.connecting = failed;
    watch(to, EPOLL_CTL_ADD, to.connecting);
    if (to.connecting)
        ++handshakes_;
    else
        give_work(to);
    return true;
}

void generator::finish_handshake(connection& of) {
    --handshakes_;
    of.connecting = false;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(of.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        ++report_.unconnected;
        ++issued_;
        ++ended_;
        drop(of);
        return;
    }
    watch(of, EPOLL_CTL_MOD, false);
    give_work(of);
}

/// Sends the next requests; drops the connection when none are left to be sent.
void generator::send_batch(connection& to) {
    const auto left = wanted_ - std::min(issued_, wanted_);
    const bool is_single = plan_.one_per_connection || plan_.hold || pace_.is_set() || plan_.body_bytes > 0;
    to.outstanding = static_cast<unsigned>(std::min<std::uint64_t>(is_single ? 1u : plan_.pipeline, left));
    if (to.outstanding == 0) return drop(to);
    issued_ += to.outstanding;
    auto requests = std::string_view(batch_).substr(0, plan_.request.size() * to.outstanding);
    if (plan_.varied.is_any()) {
        to.own = requests;
        for (unsigned i = 0; i < to.outstanding; ++i) digits_.write(to.own.data() + i * plan_.request.size());
        requests = to.own;
    }
    to.to_send.begin(requests, plan_.block, plan_.body_bytes);
    // A new connection's time includes its handshake.
    if (!plan_.one_per_connection) to.sent_at = clock::now();
    flush(to);
}

void generator::flush(connection& to) {
    const auto state = to.to_send.send(to.fd);
    if (state == outgoing::state::blocked) {
        if (!std::exchange(to.wants_write, true)) watch(to, EPOLL_CTL_MOD, true);
        return;
    }
    // A server that refuses may have closed already; what it said before is still to be read.
    if (state == outgoing::state::failed) to.to_send.begin({});
    if (std::exchange(to.wants_write, false)) watch(to, EPOLL_CTL_MOD, false);
}

void generator::receive(connection& from) {
    const bool discard = from.reader.body_left() >= discard_from;
    const auto room =
        discard ? std::min<std::uint64_t>(from.reader.body_left(), discard_at_once) : scratch_.size();
    const auto got = ::recv(from.fd, discard ? nullptr : scratch_.data(), static_cast<std::size_t>(room),
                            discard ? MSG_TRUNC : 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return ended_by_server(from);
    report_.bytes += static_cast<std::uint64_t>(got);
    if (discard) {
        if (from.reader.skip_body(static_cast<std::uint64_t>(got)) == answer_reader::progress::incomplete)
            return;
        count(from);
    } else if (!take_answers(from, {scratch_.data(), static_cast<std::size_t>(got)})) {
        return drop(from);
    }
    if (from.outstanding == 0 || (from.reader.is_between_answers() && from.reader.last().close)) go_on(from);
}

/// False when this is not what a server sends.
bool generator::take_answers(connection& from, std::string_view input) {
    while (!input.empty()) {
        const auto progress =
            from.outstanding > 0 ? from.reader.take(input) : answer_reader::progress::invalid;
        if (progress == answer_reader::progress::incomplete) return true;
        if (progress == answer_reader::progress::invalid) {
            ++report_.unexpected;
            ended_ += from.outstanding;
            return false;
        }
        if (from.reader.last().status < 200) continue;
        count(from);
        if (from.reader.last().close) return true;
    }
    return true;
}

void generator::count(connection& from) {
    --from.outstanding;
    const auto& answer = from.reader.last();
    ++ended_;
    ++report_.answers;
    ++report_.by_status[answer.status];
    if (answer.status == 503 && answer.retry_after) ++report_.retry_after;
    const bool wrong_length = plan_.length >= 0 && answer.status / 100 == 2 &&
                              answer.length != static_cast<std::uint64_t>(plan_.length);
    if (!plan_.statuses.contains(answer.status) || wrong_length) ++report_.unexpected;
    report_.times.add(clock::now() - from.sent_at);
}

/// All that was due on this connection is here, or the server said that it closes.
void generator::go_on(connection& with) {
    // Requests behind a `Connection: close` were not processed (RFC 9112 section 9.6): they go out again.
    issued_ -= std::exchange(with.outstanding, 0);
    if (with.reader.last().close || plan_.one_per_connection) {
        with.answered = true;
        return receive(with);  // the close is often there already
    }
    if (!plan_.hold) give_work(with);
}

void generator::ended_by_server(connection& by) {
    const bool clean = by.answered || (by.outstanding == 0 && by.reader.is_between_answers());
    if (clean) {
        if (!plan_.one_per_connection) ++report_.reopened;
    } else {
        ++report_.cut;
        ended_ += std::exchange(by.outstanding, 0);
    }
    drop(by);
}

void generator::drop(connection& which) {
    if (which.fd >= 0) ::close(which.fd);
    std::erase(resting_, &which);
    which.fd = -1;
    which.connecting = which.wants_write = false;
    which.outstanding = 0;
    closed_.push_back(&which);
}

void generator::watch(connection& which, int operation, bool write) {
    epoll_event event{};
    event.events = EPOLLIN | (write ? EPOLLOUT : 0u);
    event.data.ptr = &which;
    if (::epoll_ctl(epoll_, operation, which.fd, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

}  // namespace

report run(const plan& plan, std::vector<int>& held) { return generator(plan, held).run(); }

}  // namespace fairlead::bench
