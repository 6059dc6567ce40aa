#pragma once

#include "base/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace fairlead {

/// A one-shot wake-up: one coroutine awaits it, any thread sets it, in either order. The coroutine resumes on
/// its own executor, never inside `set()`. Who gives something back when memory has run out can still wake
/// those who wait for it: `set` needs none, and waiting only for its beginning.
class event {
public:
    event() = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    /// To be awaited: returns when `set()` has been called. At most one coroutine may wait, once. All memory
    /// is taken by the call. So it may come before others learn of the event, which then is surely awaited.
    [[nodiscard]] task<> wait() {
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void()>(
            [this](waiter&& arrived) { park(std::move(arrived)); }, use_token_);
    }

    /// Wakes the waiting coroutine, or lets a later `wait()` return at once. Further calls do nothing.
    void set() noexcept {
        std::optional<waiter> woken;
        {
            const std::lock_guard guard(mutex_);
            set_ = true;
            if (waiting_) woken.emplace(std::move(*waiting_));
            waiting_.reset();
        }
        if (woken) resume(std::move(*woken));
    }

private:
    using waiter = boost::asio::async_result<boost::asio::use_awaitable_t<executor>, void()>::handler_type;

    /// Gives out the one piece of memory of an event, which lives longer than the posted handler: that is
    /// taken out of there before the coroutine, which may end the event, goes on.
    template <class T>
    struct own_memory {
        using value_type = T;
        explicit own_memory(event& whose) noexcept : owner(&whose) {}
        template <class U>
        own_memory(const own_memory<U>& other) noexcept : owner(other.owner) {}
        T* allocate(std::size_t count) {
            if (count * sizeof(T) > sizeof owner->memory_) return std::allocator<T>().allocate(count);
            return reinterpret_cast<T*>(owner->memory_.data());
        }
        void deallocate(T* given, std::size_t count) noexcept {
            if (count * sizeof(T) > sizeof owner->memory_) std::allocator<T>().deallocate(given, count);
        }
        template <class U>
        bool operator==(const own_memory<U>& other) const noexcept {
            return owner == other.owner;
        }
        event* owner;
    };

    void park(waiter&& arrived) noexcept {
        {
            const std::lock_guard guard(mutex_);
            if (!set_) {
                waiting_.emplace(std::move(arrived));
                return;
            }
        }
        resume(std::move(arrived));
    }

    void resume(waiter&& woken) noexcept {
        const auto where = boost::asio::get_associated_executor(woken);
        boost::asio::post(where, boost::asio::bind_allocator(own_memory<std::byte>(*this), std::move(woken)));
    }

    static constexpr boost::asio::use_awaitable_t<executor> use_token_{};
    std::mutex mutex_;
    bool set_ = false;
    std::optional<waiter> waiting_;
    alignas(std::max_align_t) std::array<std::byte, 192> memory_;
};

}  // namespace fairlead
