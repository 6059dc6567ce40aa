#pragma once

#include "base/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace fairlead {

/// Runs `function` on `pool` and resumes the awaiting coroutine, on its own executor, with what it returned.
/// An exception of `function` is rethrown in the coroutine. What `function` refers to must live in the
/// awaiting frame. The coroutine's context must be kept running by its owner (the server's work guard does).
template <class Function>
task<std::invoke_result_t<Function>> run_blocking(boost::asio::thread_pool& pool, Function function) {
    using value = std::invoke_result_t<Function>;
    static constexpr boost::asio::use_awaitable_t<executor> token{};
    auto returned = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>,
                                                         void(std::exception_ptr, std::optional<value>)>(
        [&pool](auto handler, Function work) {
            boost::asio::post(pool, [handler = std::move(handler), work = std::move(work)]() mutable {
                std::exception_ptr failure;
                std::optional<value> outcome;
                try {
                    outcome.emplace(work());
                } catch (...) {
                    failure = std::current_exception();
                }
                auto where = boost::asio::get_associated_executor(handler);
                boost::asio::post(where, [handler = std::move(handler), failure = std::move(failure),
                                          outcome = std::move(outcome)]() mutable {
                    std::move(handler)(std::move(failure), std::move(outcome));
                });
            });
        },
        token, std::move(function));
    co_return std::move(*returned);
}

}  // namespace fairlead
