#pragma once

#include "http/problem.hpp"

#include <string_view>

/// Refusals that several handlers give in the same words.
namespace fairlead::handlers {

using http::refuse;
using http::refuse_and_close;

/// What log tools know as "the client closed the request".
inline constexpr auto client_closed_request = static_cast<http::status>(499);

/// Ends the connection of a client that has left; nobody reads it.
inline http::problem client_left() { return refuse_and_close(client_closed_request, "The client has left."); }

/// For the body of a request that could not be read to its end: 400 when it ended early, 408 when it was too
/// slow, 499 when the client has left, 503 when the server stops. Whatever the reason, nothing after it can
/// be framed, so the connection ends.
inline http::problem body_failed(error_code error) {
    // What is no error of ours is one of the connection: it was reset.
    if (error.category() != fairlead_category()) return client_left();
    auto refusal = http::problem_from(error);
    refusal.close = true;
    return refusal;
}

/// One answer for everything that is not there, so that nobody can tell why.
inline http::problem not_found() {
    return refuse(http::status::not_found, "There is nothing at this address.");
}

/// A file that the policy does not let be served.
inline http::problem type_refused() {
    return refuse(http::status::unsupported_media_type, "Files of this type are not served here.");
}

inline http::problem special_file() {
    auto refusal = refuse(http::status::forbidden, "This address is not a file.");
    refusal.event = http::security_event::special_file;
    return refusal;
}

/// What a failed open means. A link that leaves the root is a security event: somebody put it there, or looks
/// for one.
inline http::problem open_failed(error_code error) {
    auto refusal = http::problem_from(error);
    if (error == boost::system::errc::cross_device_link ||
        error == boost::system::errc::too_many_symbolic_link_levels) {
        refusal.event = http::security_event::symlink;
        refusal.log_detail.clear();  // so that the event names the target
    }
    return refusal;
}

/// True when nothing is at a path, or a file stands where a folder would have to be.
inline bool is_missing(const error_code& error) noexcept {
    return error == boost::system::errc::no_such_file_or_directory ||
           error == boost::system::errc::not_a_directory;
}

}  // namespace fairlead::handlers
