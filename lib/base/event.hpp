#pragma once

#include "base/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <mutex>

namespace fairlead {

/// A one-shot wake-up: one coroutine awaits it, any thread sets it, in either order. The coroutine resumes on
/// its own executor, never inside `set()`.
class event {
public:
    event() = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    /// Returns when `set()` has been called. At most one coroutine may wait.
    task<> wait() {
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void()>(
            [this](auto handler) { park(std::make_unique<stored<decltype(handler)>>(std::move(handler))); },
            use_token_);
    }

    /// Wakes the waiting coroutine, or lets a later `wait()` return at once. Further calls do nothing.
    void set() {
        std::unique_ptr<waiter> woken;
        {
            const std::lock_guard guard(mutex_);
            set_ = true;
            woken = std::move(waiter_);
        }
        if (woken) woken->resume();
    }

private:
    struct waiter {
        virtual ~waiter() = default;
        virtual void resume() = 0;
    };
    template <class Handler>
    struct stored final : waiter {
        explicit stored(Handler h) : handler(std::move(h)) {}
        void resume() override {
            auto where = boost::asio::get_associated_executor(handler);
            boost::asio::post(where, std::move(handler));
        }
        Handler handler;
    };
    void park(std::unique_ptr<waiter> arrived) {
        {
            const std::lock_guard guard(mutex_);
            if (!set_) {
                waiter_ = std::move(arrived);
                return;
            }
        }
        arrived->resume();
    }

    static constexpr boost::asio::use_awaitable_t<executor> use_token_{};
    std::mutex mutex_;
    bool set_ = false;
    std::unique_ptr<waiter> waiter_;
};

}  // namespace fairlead
