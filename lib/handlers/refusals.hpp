#pragma once

#include "http/problem.hpp"

#include <string_view>

/// Refusals that several handlers give in the same words.
namespace fairlead::handlers {

inline http::problem refuse(http::status status, std::string_view detail) {
    http::problem refusal;
    refusal.status = status;
    refusal.detail = detail;
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

}  // namespace fairlead::handlers
