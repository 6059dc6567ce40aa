#pragma once

#include "base/event.hpp"
#include "http/message.hpp"
#include "net/byte_stream.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <mutex>

namespace fairlead::net {

class deadline_list;

/// A stream to somebody who works for a request (a script, a server behind us), and how long that may take.
/// Or an event that comes when that work is done. No timer of its own: the list is swept.
class deadline : public boost::intrusive::list_base_hook<> {
public:
    using clock = std::chrono::steady_clock;
    /// Why the stream was aborted.
    enum class reason { none, time, client_left, stopping };

    /// Joins `list`. `stream` outlives the deadline and is closed only after it. `client` (nullptr: nobody)
    /// is who waits for the answer; when it leaves, nothing is wanted any more.
    deadline(deadline_list& list, byte_stream& stream, const http::connection_view* client);
    /// The same of somebody who waits for `done`: it is set in place of an abort.
    deadline(deadline_list& list, event& done, const http::connection_view* client);
    /// When this returns the stream is not aborted any more, nor the event set.
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// Aborts the stream at the first sweep from `when` on, unless it is moved before.
    void set(clock::time_point when) noexcept { when_.store(when.time_since_epoch().count()); }
    /// Why the stream was aborted, from when on its reads return 0 and its writes fail.
    reason passed() const noexcept { return passed_.load(); }
    /// The same as an error: errc::timeout, abandoned or cancelled; none when it was not.
    error_code error() const noexcept;

private:
    friend class deadline_list;
    void join();
    void abort(reason why) noexcept;

    deadline_list& list_;
    byte_stream* const stream_ = nullptr;  // one of the two
    event* const done_ = nullptr;
    const http::connection_view* const client_;
    std::atomic<clock::rep> when_{clock::time_point::max().time_since_epoch().count()};
    std::atomic<reason> passed_{reason::none};
};

/// All deadlines of a server. Thread safe.
class deadline_list {
public:
    deadline_list() = default;

    /// Aborts the streams whose time has come, and those whose client has left. To be called several times a
    /// second.
    void sweep(deadline::clock::time_point now);
    /// Aborts all, also those that join later: the server stops.
    void abort_all();

private:
    friend class deadline;
    std::mutex mutex_;
    bool is_stopping_ = false;
    boost::intrusive::list<deadline> members_;
};

/// How long an attempt is waited for, and for whom it is made (nullptr: for nobody who could leave).
struct patience {
    deadline_list& deadlines;
    deadline::clock::time_point until;
    const http::connection_view* client = nullptr;
};

}  // namespace fairlead::net
