#pragma once

#include "http/problem.hpp"

#include <boost/system/result.hpp>

#include <string_view>

namespace fairlead::http {

/// A refusal by one of the pure rules. Its text is a literal, so it costs no allocation on the request path;
/// `to_problem` makes the answer of it.
struct refusal {
    http::status status = http::status::bad_request;
    std::string_view detail;  ///< static storage; one sentence for the client
    bool close = false;       ///< the connection cannot go on (RFC 9112 section 6.3)
    security_event event = security_event::none;
};

/// A value that a rule accepted, or why it did not.
template <class T>
using checked = boost::system::result<T, refusal>;

/// The same refusal with room for log detail and fields.
problem to_problem(const refusal& value);

}  // namespace fairlead::http
