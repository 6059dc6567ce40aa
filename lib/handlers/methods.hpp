#pragma once

#include "http/problem.hpp"

#include <initializer_list>
#include <optional>
#include <span>

namespace fairlead::handlers {

/// Answers a request whose method the resource does not have: 405 with `Allow`, 501 for a method that this
/// server does not know at all (RFC 9110 section 9.1), and 204 with `Allow` for OPTIONS. Nothing:
/// `request.method` is one of `allowed`, and of those that the part of the site takes (`request.allowed`).
/// OPTIONS is always allowed and need not be listed.
std::optional<http::outcome> check_method(const http::request& request, std::span<const http::verb> allowed);

inline std::optional<http::outcome> check_method(const http::request& request,
                                                 std::initializer_list<http::verb> allowed) {
    return check_method(request, std::span(allowed.begin(), allowed.size()));
}

}  // namespace fairlead::handlers
