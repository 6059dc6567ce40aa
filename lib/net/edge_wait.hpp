#pragma once

#include "base/error.hpp"
#include "base/task.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/bind_handler.hpp>
#include <boost/asio/detail/fenced_block.hpp>
#include <boost/asio/detail/handler_alloc_helpers.hpp>
#include <boost/asio/detail/handler_work.hpp>
#include <boost/asio/detail/memory.hpp>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/version.hpp>

namespace fairlead::net {

// This is the one place that uses Asio's internals. Its public wait operations arm the descriptor anew each
// time, an epoll_ctl per request and a fourth of the system calls of a small answer. The registration is
// edge-triggered, so a caller that knows that it has read everything may wait without arming: what comes
// later is a new edge. Asio's own reads rely on the same rule; no public function waits by it. Measured with
// Boost 1.81; the layout below has been the same from 1.79 to 1.81. test/net/plain_stream.cpp holds what the
// server needs of it.
static_assert(BOOST_VERSION >= 107900 && BOOST_VERSION < 108400,
              "check reactor_op and epoll_reactor of this Boost version against edge_wait.hpp");

namespace detail = boost::asio::detail;

/// Completes when the reactor sees an edge, or at once when one has been seen since the last wait completed.
template <class Handler>
class edge_wait_op final : public detail::reactor_op {
public:
    BOOST_ASIO_DEFINE_HANDLER_PTR(edge_wait_op);

    edge_wait_op(Handler& handler, const executor& where)
        : reactor_op(error_code{}, &edge_wait_op::do_perform, &edge_wait_op::do_complete),
          handler_(std::move(handler)),
          work_(handler_, where) {}

private:
    // "Exhausted" makes the reactor wait for the next edge before it calls another operation ready.
    static status do_perform(reactor_op*) { return done_and_exhausted; }

    static void do_complete(void* owner, detail::operation* base, const error_code&, std::size_t) {
        auto* self = static_cast<edge_wait_op*>(base);
        ptr memory = {std::addressof(self->handler_), self, self};
        detail::handler_work<Handler, executor> work(std::move(self->work_));
        // The handler leaves before its memory is given back: the next wait may reuse it.
        detail::binder1<Handler, error_code> bound(self->handler_, self->ec_);
        memory.h = std::addressof(bound.handler_);
        memory.reset();
        if (owner) {
            detail::fenced_block fence(detail::fenced_block::half);
            work.complete(bound, bound.handler_);
        }
    }

    Handler handler_;
    detail::handler_work<Handler, executor> work_;
};

/// Waits for an edge of `descriptor`. `token` gets the reactor's error, or none.
template <class Token>
auto async_edge_wait(detail::reactor& reactor, detail::reactor::per_descriptor_data& data, int descriptor,
                     int direction, executor where, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [&reactor, &data, descriptor, direction, where](auto handler) {
            using operation = edge_wait_op<decltype(handler)>;
            typename operation::ptr memory = {std::addressof(handler), operation::ptr::allocate(handler),
                                              nullptr};
            memory.p = new (memory.v) operation(handler, where);
            reactor.start_op(direction, descriptor, data, memory.p, true, true);
            memory.v = memory.p = nullptr;
        },
        token);
}

}  // namespace fairlead::net
