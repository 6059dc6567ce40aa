#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>

namespace fairlead {

/// The executor of every coroutine of the program: the one `io_context` that N threads run. Naming the
/// concrete type (in place of `any_io_executor`) spares a virtual call and an allocation per operation.
using executor = boost::asio::io_context::executor_type;

/// The coroutine type. It starts when it is awaited and runs on `executor`.
template <class T = void>
using task = boost::asio::awaitable<T, executor>;

/// Completion token for awaiting an Asio operation: yields a tuple whose first element is the `error_code`.
/// Data-path code never uses a throwing token.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::deferred);

}  // namespace fairlead
