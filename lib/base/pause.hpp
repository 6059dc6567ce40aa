#pragma once

#include "base/task.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>

namespace fairlead {

/// Returns after `time`.
inline task<> pause_for(std::chrono::steady_clock::duration time) {
    using clock = std::chrono::steady_clock;
    boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>, executor> timer(
        co_await boost::asio::this_coro::executor, time);
    (void)co_await timer.async_wait(as_result);
}

}  // namespace fairlead
