#pragma once

#include "net/deadlines.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace fairlead::test {

/// A list of deadlines that is swept, as the server does it, but more often.
class swept_deadlines {
public:
    swept_deadlines()
        : sweeper_([this] {
              while (!is_done_) {
                  list.sweep(net::deadline::clock::now());
                  std::this_thread::sleep_for(std::chrono::milliseconds(2));
              }
          }) {}
    ~swept_deadlines() {
        is_done_ = true;
        sweeper_.join();
    }

    net::deadline_list list;

private:
    std::atomic<bool> is_done_{false};
    std::thread sweeper_;
};

/// A client that has left.
struct client_that_left final : http::connection_view {
    bool has_left() const noexcept override { return true; }
    http::local_end local() const noexcept override { return {}; }
};

}  // namespace fairlead::test
