#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace fairlead::handlers {

/// The new connections to a server that no byte of an answer has come over yet, in the order in which they
/// were made. A listening socket is accepted from in that order: what is older than a connection that was
/// answered has been accepted as well, and its script is only slow; what is newer may lie in the listen
/// queue. For one thread at a time.
class unanswered_connections {
public:
    using clock = std::chrono::steady_clock;
    using number = std::uint64_t;

    /// One was made. Returns what it is called.
    number began(clock::time_point now);
    /// The first byte has come.
    void answered(number which);
    /// It was closed before that.
    void ended(number which) { open_.erase(which); }

    /// Since when the oldest of those that may lie in the listen queue does; nothing when there is none.
    std::optional<clock::time_point> queued_since() const;
    /// Since when the oldest of all has no answer; nothing when there is none.
    std::optional<clock::time_point> unanswered_since() const;

private:
    std::map<number, clock::time_point> open_;
    number newest_ = 0;           // of all
    number newest_answered_ = 0;  // so that what is below it has been accepted
};

}  // namespace fairlead::handlers
