#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cerrno>
#include <string>

namespace fairlead {

using boost::system::error_code;

/// Value or error. The error is looked at on the next line; `.value()` is only for tests and start-up.
template <class T>
using result = boost::system::result<T>;

/// Failures that no errno describes. Everything from the kernel keeps its errno in the system category.
enum class errc {
    timeout = 1,          ///< a deadline of ours passed
    end_of_stream,        ///< the peer closed before the message was complete
    too_large,            ///< a size limit of the configuration was exceeded
    bad_framing,          ///< bytes that cannot be delimited (RFC 9112 section 6.3, 7.1)
    file_changed,         ///< a file became shorter, or was rewritten in place, while it was sent
    overloaded,           ///< no place in the queue, or the wait in it was too long
    cancelled,            ///< the server is stopping
    abandoned,            ///< the client that it was for has left
    quota_exceeded,       ///< the bytes of a store would be more than its quota
    digest_mismatch,      ///< the content is not what its sender said
    precondition_failed,  ///< a name is in another state than the client expects (RFC 9110 section 13)
    not_a_file,           ///< something that is no regular file has the name
};

const boost::system::error_category& fairlead_category() noexcept;
error_code make_error_code(errc value) noexcept;

/// The current `errno` as an error_code of the system category.
inline error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

/// An errno value as an error_code of the system category.
inline error_code errno_code(int value) noexcept { return {value, boost::system::system_category()}; }

/// Whether an error is this one of the kernel; two categories use the same numbers.
inline bool is_errno(const error_code& error, int value) noexcept { return error == errno_code(value); }

}  // namespace fairlead

template <>
struct boost::system::is_error_code_enum<fairlead::errc> : std::true_type {};
