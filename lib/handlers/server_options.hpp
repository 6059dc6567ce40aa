#pragma once

#include "handlers/handler.hpp"

namespace fairlead::handlers {

/// `OPTIONS *`: what the server as a whole understands (RFC 9110 section 9.3.7).
class server_options final : public handler {
public:
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;
};

/// 404 for every method, whatever is there.
class nothing_here final : public handler {
public:
    bool try_handle(http::request& request, http::outcome& outcome) override;
    task<http::outcome> handle(http::request& request) override;
};

}  // namespace fairlead::handlers
