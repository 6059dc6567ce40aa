#pragma once

#include "base/task.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fairlead::test {

/// Runs a coroutine to its end on `context` and returns its value. Throws what it throws, and when it hangs.
template <class T>
T run_task(boost::asio::io_context& context, task<T> work) {
    std::optional<T> value;
    std::exception_ptr failure;
    bool is_done = false;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr error, T got) {
        failure = error;
        value = std::move(got);
        is_done = true;
    });
    context.restart();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_done && std::chrono::steady_clock::now() < end)
        if (context.run_one_until(end) == 0) break;
    if (!is_done) throw std::runtime_error("a coroutine hangs");
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
}

template <class T>
T run_task(task<T> work) {
    boost::asio::io_context context(1);
    return run_task(context, std::move(work));
}

}  // namespace fairlead::test
