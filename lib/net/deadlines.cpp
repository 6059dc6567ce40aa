#include "net/deadlines.hpp"

namespace fairlead::net {

deadline::deadline(deadline_list& list, byte_stream& stream, const http::connection_view* client)
    : list_(list), stream_(&stream), client_(client) {
    join();
}

deadline::deadline(deadline_list& list, event& done, const http::connection_view* client)
    : list_(list), done_(&done), client_(client) {
    join();
}

void deadline::join() {
    const std::lock_guard guard(list_.mutex_);
    list_.members_.push_back(*this);
    if (list_.is_stopping_) abort(reason::stopping);
}

deadline::~deadline() {
    const std::lock_guard guard(list_.mutex_);
    list_.members_.erase(list_.members_.iterator_to(*this));
}

void deadline::abort(reason why) noexcept {
    passed_.store(why);  // before the stream wakes whoever asks for it
    if (stream_)
        stream_->abort(byte_stream::abort_both);
    else
        done_->set();
}

error_code deadline::error() const noexcept {
    switch (passed()) {
        case reason::none: break;
        case reason::time: return errc::timeout;
        case reason::client_left: return errc::abandoned;
        case reason::stopping: return errc::cancelled;
    }
    return {};
}

void deadline_list::sweep(deadline::clock::time_point now) {
    const std::lock_guard guard(mutex_);
    for (auto& one : members_) {
        if (one.passed() != deadline::reason::none) continue;
        if (one.when_.load() <= now.time_since_epoch().count())
            one.abort(deadline::reason::time);
        else if (one.client_ && one.client_->has_left())
            one.abort(deadline::reason::client_left);
    }
}

void deadline_list::abort_all() {
    const std::lock_guard guard(mutex_);
    is_stopping_ = true;
    for (auto& one : members_)
        if (one.passed() == deadline::reason::none) one.abort(deadline::reason::stopping);
}

}  // namespace fairlead::net
